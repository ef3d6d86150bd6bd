import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openStage, type Stage } from '../gateway/testing/stage.ts'
import { ids } from '../testing/small-network.ts'
import { TributaryClient, tools } from './index.ts'

let stage: Stage
let client: TributaryClient
beforeAll(async () => {
  stage = await openStage()
  client = new TributaryClient({ url: stage.url, apiKey: await stage.key() })
})
afterAll(() => stage.close())

const stranger = (): TributaryClient => new TributaryClient({ url: stage.url })

describe('the client against a node', () => {
  it('calls verbs by name, typed by the verb', async () => {
    expect((await client.call('account', {})).name).toBe('Ann')
    expect((await client.models())[0]).toMatchObject({ name: 'bees', version: 1 })
  })

  it('throws the node’s own faults', async () => {
    await expect(client.call('status', { proposal: 'hornets' })).rejects.toMatchObject({
      code: 'proposal-unknown',
      facts: { status: 404 },
    })
    await expect(stranger().call('account', {})).rejects.toMatchObject({ retry: false })
  })

  it('pays a question once, however often it is called under one key', async () => {
    const ask = () =>
      client.call('ask', { model: 'bees', question: 'What is a nuc?' }, { idempotencyKey: 'once' })
    const first = await ask()
    expect(first).toMatchObject({ answer: 'You asked: What is a nuc?' })
    expect(await ask()).toEqual(first)
    const paid = await stage.network.db.query(`select from transfers where key = $1`, [
      `ask/${first.answerId}`,
    ])
    expect(paid).toHaveLength(1)
  })

  it('streams an answer and brings its receipt', async () => {
    const heard: string[] = []
    const answer = await client.ask('bees', 'What is a smoker?', { onText: text => heard.push(text) })
    expect(heard.length).toBeGreaterThan(1)
    expect(heard.join('')).toBe(answer.answer)
    expect(answer).toMatchObject({ model: 'bees@1', answer: 'You asked: What is a smoker?' })
    expect(answer.receiptId).toMatch(/^[0-9a-f-]{36}$/)
  })

  it('follows the ledger', async () => {
    const seen: string[] = []
    for await (const { kind } of client.events({ after: 0 })) if (seen.push(kind) === 3) break
    expect(seen).toEqual(['account.opened', 'ballot.cast', 'answer.given'])
  })
})

describe('LangChain tools of a node', () => {
  it('are the verbs that the caller may call, with the node’s own schemas', async () => {
    const mine = await tools(client)
    const names = mine.map(({ name }) => name)
    expect(names).toContain('ask')
    expect(names).not.toContain('settle')
    expect((await tools(stranger())).map(({ name }) => name)).not.toContain('ask')
  })

  it('answer with the verb’s output, and a refusal comes back with its fix', async () => {
    const [status] = await tools(client, { only: ['status'] })
    expect(JSON.parse(await status!.invoke({ proposal: 'bees' }))).toMatchObject({
      proposals: [{ name: 'bees' }],
    })
    expect(JSON.parse(await status!.invoke({ proposal: 'hornets' }))).toEqual({
      error: expect.stringContaining('hornets'),
      fix: expect.any(String),
    })
  })

  it('do once what a resumed graph calls again, and anew what it calls elsewhere', async () => {
    const [ask] = await tools(client, { only: ['ask'] })
    const args = { model: 'bees', question: 'What is propolis?' }
    const called = async (thread_id: string, id: string): Promise<string> => {
      const run = { configurable: { thread_id } }
      const { content } = await ask!.invoke({ type: 'tool_call', id, name: 'ask', args }, run)
      return JSON.parse(content).answerId
    }
    const first = await called('t1', 'c1')
    expect(await called('t1', 'c1')).toBe(first)
    expect(new Set([first, await called('t1', 'c2'), await called('t2', 'c1')]).size).toBe(3)
  })

  it('take no input that the schema does not allow', async () => {
    const [vote] = await tools(client, { only: ['vote'] })
    await expect(vote!.invoke({ proposal: 'wasps', choice: 'maybe' })).rejects.toThrow()
    expect(await stage.network.db.query('select from ballots where account_id = $1', [ids.ann])).toEqual([])
  })
})
