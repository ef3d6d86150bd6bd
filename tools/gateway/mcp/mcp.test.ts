import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { balance } from '../../../infra/money.ts'
import { mayCall } from '../../registry.ts'
import { anyone, as, ids } from '../../testing/small-network.ts'
import { verbs } from '../../verbs.ts'
import { echo } from '../testing/scripted-engine.ts'
import { openStage, type Stage } from '../testing/stage.ts'
import { type Answers, type Connected, connect, type Era } from './testing/client.ts'

const eras: Era[] = ['modern', 'legacy']

describe.each(eras)('MCP over HTTP, %s era', era => {
  let stage: Stage
  let key: string
  const open: Connected[] = []
  beforeAll(async () => {
    stage = await openStage()
    key = await stage.key()
  })
  afterEach(async () => {
    stage.script = echo
    for (const { close } of open.splice(0)) await close()
  })
  afterAll(() => stage.close())

  const client = async (options: { key?: string; answers?: Answers } = {}) => {
    const connected = await connect(stage.url, era, options)
    open.push(connected)
    return connected
  }
  const prepaid = () => balance(stage.network.db, `balance:${ids.ann}`)

  it('lists to everybody exactly the verbs that they may call', async () => {
    const nobody = await (await client()).client.listTools()
    const names = (caller: typeof anyone) => verbs.filter(verb => mayCall(verb, caller)).map(v => v.name)
    expect(nobody.tools.map(tool => tool.name)).toEqual(names({ ...anyone, surface: 'mcp' }))
    const reader = await client({ key: await stage.key({ scopes: ['read'] }) })
    const { tools } = await reader.client.listTools()
    expect(tools.map(tool => tool.name)).toEqual(
      names({ ...as(ids.ann), key: { id: 'k', scopes: ['read'] } as never }),
    )
    expect(tools.every(({ annotations }) => annotations?.readOnlyHint === true)).toBe(true)
  })

  it('marks what moves money or votes as destructive', async () => {
    const { tools } = await (await client({ key })).client.listTools()
    const hints = new Map(tools.map(({ name, annotations }) => [name, annotations]))
    expect(hints.get('status')).toMatchObject({ readOnlyHint: true, destructiveHint: false })
    expect(hints.get('feedback')).toMatchObject({ readOnlyHint: false, destructiveHint: false })
    expect(hints.get('claim')).toMatchObject({ readOnlyHint: false, destructiveHint: true })
  })

  it('answers a reading call with the verb’s output, as text and structured', async () => {
    const { client: nobody } = await client()
    // The client checks what is structured against the tool's schema, which it has to know for that.
    await nobody.listTools()
    const result = await nobody.callTool({ name: 'models', arguments: {} })
    expect(result.structuredContent).toMatchObject({ models: [{ name: 'bees', version: 1 }] })
    expect(JSON.parse((result.content[0] as { text: string }).text)).toEqual(result.structuredContent)
  })

  it('asks a model, tells its words as progress and takes the price once for one idempotency key', async () => {
    const { client: ann } = await client({ key })
    const before = await prepaid()
    const told: string[] = []
    const once = () =>
      ann.callTool(
        {
          name: 'ask',
          arguments: { model: 'bees', question: 'What is a nuc?' },
          _meta: { 'tributary/idempotency-key': `once-${era}` },
        },
        { onprogress: ({ message }) => told.push(message ?? '') },
      )
    const first = await once()
    expect(first.structuredContent).toMatchObject({ answer: 'You asked: What is a nuc?' })
    expect(told.join('')).toBe('You asked: What is a nuc?')
    expect((await once()).structuredContent).toMatchObject({
      receiptId: (first.structuredContent as { receiptId: string }).receiptId,
    })
    expect(before - (await prepaid())).toBe(50_000n)
  })

  it('asks the person before money moves, and does nothing when they decline', async () => {
    const { client: ann, asked } = await client({ key, answers: () => 'decline' })
    const before = await prepaid()
    const result = await ann.callTool({ name: 'ask', arguments: { model: 'bees', question: 'Free?' } })
    expect(asked).toEqual([expect.stringMatching(/"ask".*model: bees.*question: Free\?.*0\.05 tokens/s)])
    expect(result).toMatchObject({ isError: true, structuredContent: { code: 'declined' } })
    expect(await prepaid()).toBe(before)
  })

  it('takes one yes for asking a model at its price for an hour', async () => {
    const { client: ann, asked } = await client({ key: await stage.key(), answers: () => 'accept' })
    for (const question of ['First?', 'Second?'])
      expect(await ann.callTool({ name: 'ask', arguments: { model: 'bees', question } })).toMatchObject({
        structuredContent: { answer: `You asked: ${question}` },
      })
    expect(asked).toHaveLength(1)
  })

  it('casts a vote that the person confirmed, and asks for every vote anew', async () => {
    await stage.network.db.query(
      `update proposals set closes_at = closes_at + interval '1 day' where name = 'wasps'`,
    )
    const bob = await client({ key: await stage.key({ accountId: ids.bob }), answers: () => 'accept' })
    for (const choice of ['no', 'yes'])
      expect(
        await bob.client.callTool({ name: 'vote', arguments: { proposal: 'wasps', choice } }),
      ).not.toHaveProperty('isError', true)
    expect(bob.asked.map(text => /choice: (\w+)/.exec(text)?.[1])).toEqual(['no', 'yes'])
    const ballots = await stage.network.db.query('select choice from ballots where account_id = $1', [
      ids.bob,
    ])
    expect(ballots).toEqual([{ choice: 'yes' }])
  })

  it('says what the caller can mend, and hides what is ours', async () => {
    const { client: ann } = await client({ key })
    const wrong = await ann.callTool({ name: 'ask', arguments: { model: 'bees' } })
    expect(wrong).toMatchObject({
      isError: true,
      structuredContent: {
        code: 'input-invalid',
        message: expect.stringContaining('question'),
        fix: expect.any(String),
      },
    })
    expect(await ann.callTool({ name: 'ask', arguments: { model: 'wasps', question: 'Hm?' } })).toMatchObject(
      {
        isError: true,
        structuredContent: { code: 'model-unknown' },
      },
    )
    stage.script = () => {
      throw new Error('the secret of the engine')
    }
    const broken = await ann.callTool({ name: 'ask', arguments: { model: 'bees', question: 'Broken?' } })
    expect(broken).toMatchObject({ isError: true, structuredContent: { code: 'incident' } })
    expect(JSON.stringify(broken)).not.toContain('secret')
    await expect(ann.callTool({ name: 'settle', arguments: {} })).rejects.toThrow(/settle/)
  })

  it('gives the price back when the client cancels', async () => {
    const { client: ann } = await client({ key })
    const before = await prepaid()
    const given = Promise.withResolvers<string>()
    const asking = Promise.withResolvers<void>()
    stage.script = () => {
      asking.resolve()
      return given.promise
    }
    const leaving = new AbortController()
    const call = ann.callTool(
      { name: 'ask', arguments: { model: 'bees', question: 'Never mind?' } },
      { signal: leaving.signal },
    )
    const ended = expect(call).rejects.toThrow()
    await asking.promise
    leaving.abort()
    await ended
    // The next request of this client is answered after its cancellation came in.
    await ann.callTool({ name: 'status', arguments: {} })
    given.resolve('too late')
    await expect.poll(prepaid).toBe(before)
  })

  it('lists and reads what is public, with names to complete', async () => {
    const { client: nobody } = await client()
    const { resources } = await nobody.listResources()
    expect(resources.map(({ uri }) => uri).sort()).toEqual([
      'tributary://boms/bees@1',
      'tributary://datanets/bees',
      'tributary://datanets/wasps',
      'tributary://ledger',
      'tributary://models/bees@1',
    ])
    const read = async (uri: string) => {
      const { contents } = await nobody.readResource({ uri })
      return JSON.parse((contents[0] as { text: string }).text)
    }
    expect(await read('tributary://datanets/bees')).toMatchObject({ state: 'serving', rows: { accepted: 2 } })
    expect(await read('tributary://datanets/bees')).not.toHaveProperty('mine')
    expect(await read('tributary://models/bees@latest')).toMatchObject({ name: 'bees', version: 1 })
    expect(await read('tributary://boms/bees@1')).toMatchObject({ bomFormat: 'CycloneDX' })
    expect(await read(`tributary://receipts/${ids.receipt}`)).toMatchObject({ kind: 'answer' })
    expect(await read('tributary://ledger/1')).toMatchObject({ kind: 'account.opened' })
    await expect(read('tributary://models/hornets@1')).rejects.toThrow(/not found/i)
    await expect(read(`tributary://receipts/${ids.ballotReceipt}`)).rejects.toThrow(/not found/i)
    const { completion } = await nobody.complete({
      ref: { type: 'ref/resource', uri: 'tributary://datanets/{name}' },
      argument: { name: 'name', value: 'wa' },
    })
    expect(completion.values).toEqual(['wasps'])
  })

  it('offers prompts that quote what the person typed', async () => {
    const { client: nobody } = await client()
    const { prompts } = await nobody.listPrompts()
    expect(prompts.map(({ name }) => name)).toEqual([
      'ask-a-model',
      'explain-an-answer',
      'propose-a-model',
      'contribute-rows',
    ])
    const { messages } = await nobody.getPrompt({
      name: 'ask-a-model',
      arguments: { model: 'bees', question: 'Say "hi"' },
    })
    expect(messages).toMatchObject([
      { role: 'user', content: { text: expect.stringContaining('"Say \\"hi\\""') } },
    ])
    const { completion } = await nobody.complete({
      ref: { type: 'ref/prompt', name: 'ask-a-model' },
      argument: { name: 'model', value: 'b' },
    })
    expect(completion.values).toEqual(['bees'])
  })
})
