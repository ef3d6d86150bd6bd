import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { standingClock } from '../infra/clock.ts'
import { fault } from '../infra/errors.ts'
import { balance } from '../infra/money.ts'
import { periodAt } from './api-key-budget.ts'
import { checkKey } from './api-key-check.ts'
import { ask } from './ask.ts'
import type { Caller, Network } from './context.ts'
import { finishOpenCalls } from './finish-calls.ts'
import { openStage, type Stage } from './gateway/testing/stage.ts'
import { issueKey } from './issue-key.ts'
import { keys } from './keys.ts'
import { call } from './registry.ts'
import { as, ids, NOW } from './testing/small-network.ts'

let stage: Stage
beforeAll(async () => {
  stage = await openStage()
})
afterAll(() => stage.close())

const question = { model: 'bees', question: 'What is a nuc?' }
const by = async (key: string): Promise<Caller> => {
  const { id, scopes, budgeted, accountId } = await checkKey(stage.network, key)
  return { role: 'member', accountId, surface: 'test', key: { id, scopes, budgeted } }
}
const spentBy = async (caller: Caller): Promise<string | undefined> =>
  (await call(stage.network, as(ids.ann), keys, {})).keys.find(({ id }) => id === caller.key?.id)?.spentUnits
const at = (time: string): Network => ({
  ...stage.network,
  clock: { ...standingClock(new Date(time)), offsetMs: 0 } as Network['clock'],
})

describe('a key’s budget', () => {
  it('pays exactly five of twenty questions at once when it is enough for five', async () => {
    const caller = await by(await stage.key({ budget: '0.25', period: 'ever' }))
    const before = await balance(stage.network.db, `balance:${ids.ann}`)
    const asked = await Promise.allSettled(
      Array.from({ length: 20 }, () => call(stage.network, caller, ask, question)),
    )
    const refused = asked.filter(({ status }) => status === 'rejected') as PromiseRejectedResult[]
    expect(refused).toHaveLength(15)
    for (const { reason } of refused) expect(reason).toMatchObject({ code: 'budget-spent', facts: {} })
    expect(await balance(stage.network.db, `balance:${ids.ann}`)).toBe(before - 250_000n)
    expect(await spentBy(caller)).toBe('250000')
  })

  it('is taken once from a call that is repeated', async () => {
    const caller = await by(await stage.key({ budget: '0.05' }))
    const again = () => call(stage.network, caller, ask, question, { key: 'again' })
    expect(await again()).toEqual(await again())
    expect(await spentBy(caller)).toBe('50000')
    await expect(call(stage.network, caller, ask, question)).rejects.toMatchObject({ code: 'budget-spent' })
  })

  it('comes back with a question that the model failed to answer', async () => {
    const caller = await by(await stage.key({ budget: '0.05' }))
    const said = stage.script
    for (const error of [
      new Error('broken'),
      fault('queue-full', 'Too many wait.', { fix: 'Wait.', retry: true }),
    ]) {
      stage.script = () => {
        throw error
      }
      await expect(call(stage.network, caller, ask, question)).rejects.toThrow(error.message)
      expect(await spentBy(caller)).toBe('0')
    }
    stage.script = said
    await expect(call(stage.network, caller, ask, question)).resolves.toMatchObject({ priceUnits: '50000' })
  })

  it('is not touched by a call that is refused for its idempotency key', async () => {
    const caller = await by(await stage.key({ budget: '0.1' }))
    const said = stage.script
    stage.script = () => {
      throw fault('queue-full', 'Too many wait.', { fix: 'Wait.', retry: true })
    }
    const first = call(stage.network, caller, ask, question, { key: 'busy' })
    await expect(first).rejects.toMatchObject({ code: 'queue-full' })
    stage.script = said
    const other = { ...question, question: 'What is a skep?' }
    await expect(call(stage.network, caller, ask, other, { key: 'busy' })).rejects.toMatchObject({
      code: 'key-reused',
    })
    expect(await spentBy(caller)).toBe('0')
  })

  it('stays spent where the answer was paid and could not be stored, and is finished later', async () => {
    const caller = await by(await stage.key({ budget: '0.05' }))
    const sign = () => {
      throw new Error('away')
    }
    const broken = { ...stage.network, receipts: { ...stage.network.receipts, sign } }
    await expect(call(broken, caller, ask, question, { key: 'unstored' })).rejects.toThrow('away')
    await expect(call(stage.network, caller, ask, question)).rejects.toMatchObject({ code: 'budget-spent' })
    expect(await finishOpenCalls(stage.network, [ask])).toBe(1)
    expect(await spentBy(caller)).toBe('50000')
  })

  it('is not touched by a question that the balance does not cover', async () => {
    const caller = { ...(await by(await stage.key({ budget: '1', accountId: ids.bob }))) }
    await expect(call(stage.network, caller, ask, question)).rejects.toMatchObject({
      code: 'insufficient-balance',
    })
    const [{ units } = {}] = await stage.network.db.query(
      'select coalesce(sum(units), 0) as units from api_key_spends where key_id = $1',
      [caller.key?.id],
    )
    expect(units).toBe('0')
  })

  it('begins anew with each day or month of UTC, and tells when', async () => {
    const caller = await by(await stage.key({ budget: '0.05', period: 'day' }))
    await call(stage.network, caller, ask, question)
    await expect(call(stage.network, caller, ask, question)).rejects.toMatchObject({
      facts: { retryAfterSeconds: 12 * 3600 },
    })
    await expect(call(at('2026-03-02T00:00:00Z'), caller, ask, question)).resolves.toBeDefined()
    expect(periodAt('month', NOW)).toEqual({
      from: new Date('2026-03-01T00:00:00Z'),
      next: new Date('2026-04-01T00:00:00Z'),
    })
    expect(periodAt('month', new Date('2026-12-31T23:59:59Z')).next).toEqual(new Date('2027-01-01T00:00:00Z'))
  })
})

describe('the audit', () => {
  it('tells who called what by which key and how it ended, and nothing that was said', async () => {
    const { db } = stage.network
    const caller = { ...(await by(await stage.key({ scopes: ['ask'] }))), requestId: 'r1' }
    await call(stage.network, caller, ask, { model: 'bees', question: 'Who audits the audit?' })
    await call(stage.network, caller, issueKey, { name: 'more' }).catch(() => {})
    const rows = await db.query(`select * from audited_calls where key_id = $1 order by verb`, [
      caller.key?.id,
    ])
    expect(rows).toMatchObject([
      { role: 'member', account_id: ids.ann, verb: 'ask', surface: 'test', request_id: 'r1', outcome: 'ok' },
      { verb: 'issue-key', request_id: 'r1', outcome: 'not-allowed' },
    ])
    const [told] = await db.query('select 1 from audited_calls t where t::text like $1', ['%audits the%'])
    expect(told).toBeUndefined()
  })

  it('leaves out what anybody may read, and who nobody knows', async () => {
    const { db } = stage.network
    const count = async () => (await db.query('select 1 from audited_calls')).length
    const before = await count()
    const anyone: Caller = { role: 'anyone', accountId: null, surface: 'test' }
    await call(stage.network, anyone, ask, question).catch(() => {})
    expect(await count()).toBe(before)
  })
})
