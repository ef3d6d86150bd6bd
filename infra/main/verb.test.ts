import { PassThrough } from 'node:stream'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openStage, type Stage } from '../../tools/gateway/testing/stage.ts'
import { ids, NOW } from '../../tools/testing/small-network.ts'
import { runVerb } from './verb.ts'

let stage: Stage
beforeAll(async () => {
  stage = await openStage()
  await stage.network.db.query(
    `insert into identities (platform, subject, account_id, created_at) values ('terminal', 'zoë', $1, $2)`,
    [ids.ann, NOW],
  )
})
afterAll(() => stage.close())

/** Runs `tributary WORDS` as zoë; `typed` is what she types into a terminal, null where there is none. */
const tributary = async (words: readonly string[], typed: string | null = null) => {
  const input = Object.assign(new PassThrough(), { isTTY: typed !== null })
  const output = new PassThrough()
  const errors = new PassThrough()
  const said = { out: '', err: '' }
  output.on('data', piece => {
    said.out += String(piece)
    if (typed !== null && said.out.endsWith('[y/N] ')) input.write(`${typed}\n`)
  })
  errors.on('data', piece => {
    said.err += String(piece)
  })
  const environment = { TRIBUTARY_DATA: stage.network.folder }
  const code = await runVerb(words, { input, output, errors, environment, user: 'zoë' })
  return { code, ...said }
}

const paid = async (): Promise<number> =>
  (await stage.network.db.query(`select from transfers where reason = 'question'`)).length

describe('tributary VERB', () => {
  it('says what the chat would say', async () => {
    const { code, out } = await tributary(['status'])
    expect(code).toBe(0)
    expect(out).toContain('bees')
    expect(out).not.toContain('{')
  })

  it('prints what the verb returned, with --json', async () => {
    const { out } = await tributary(['account', '--json'])
    expect(JSON.parse(out)).toMatchObject({ name: 'Ann' })
  })

  it('asks a question in words of the shell, once it is confirmed, and streams the answer', async () => {
    const before = await paid()
    const { code, out } = await tributary(['ask', 'bees', 'What is "a nuc"?'], 'y')
    expect(code).toBe(0)
    expect(out).toContain('0.05')
    expect(out).toContain('You asked: What is "a nuc"?')
    expect(out).toContain('tributary why ')
    expect(await paid()).toBe(before + 1)
  })

  it('leaves out what the network says: the only model', async () => {
    expect((await tributary(['ask', 'What is a smoker?', '--yes'])).out).toContain(
      'You asked: What is a smoker?',
    )
  })

  it('does nothing without a yes, and asks for --yes where nobody can be asked', async () => {
    const before = await paid()
    expect((await tributary(['ask', 'bees', 'Why?'], 'n')).code).toBe(1)
    const { code, err } = await tributary(['ask', 'bees', 'Why?'])
    expect(code).toBe(2)
    expect(err).toContain('--yes')
    expect(await paid()).toBe(before)
  })

  it('takes numbers where the node wants numbers', async () => {
    expect(JSON.parse((await tributary(['event', '3', '--json'])).out)).toMatchObject({
      kind: 'answer.given',
    })
  })

  it('tells the node’s refusals with the fix, and fails', async () => {
    const { code, err, out } = await tributary(['status', 'hornets'])
    expect(code).toBe(1)
    expect(err).toContain('hornets')
    expect(out).toBe('')
  })

  it('acts as the operator on request: no member’s verb is the operator’s', async () => {
    expect((await tributary(['status', '--operator'])).code).toBe(0)
    const { code, err } = await tributary(['account', '--operator'])
    expect(code).toBe(1)
    expect(err).toContain('member')
  })

  it('says what is missing, unknown or unreadable, apart from what is refused', async () => {
    expect(await tributary(['vote', 'wasps'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('choice'),
    })
    expect((await tributary(['vote', 'wasps', 'maybe'])).code).toBe(2)
    expect((await tributary(['fly'])).code).toBe(2)
    expect((await tributary(['contribute', 'bees', 'rights=yes', '@/nowhere.jsonl'])).err).toContain(
      '/nowhere.jsonl',
    )
  })

  it('shows what a verb takes', async () => {
    const { code, out } = await tributary(['ask', '--help'])
    expect(code).toBe(0)
    expect(out).toContain('tributary ask <model> <question>')
  })
})
