import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Db } from '../../../infra/db.ts'
import type { Context } from '../../context.ts'
import { openStage, type Stage } from '../testing/stage.ts'
import { payerAccount } from './payer.ts'

let stage: Stage
beforeAll(async () => {
  stage = await openStage()
})
afterAll(() => stage.close())

test('two first payments of a wallet at once open one account', async () => {
  const { network } = stage
  const context: Context = {
    ...network,
    caller: { role: 'anyone', accountId: null, surface: 'x402' },
    key: 'test',
    signal: undefined,
    emit: () => {},
    heard: false,
    commit: work => network.db.tx(work),
  }
  const payer = '0x52908400098527886E0F7030069857D2E4169EE7'
  // What another connection sees until it waits for a lock: nothing of what was written meanwhile.
  const stale = (tx: Db): Db => {
    let waited = false
    const query = (async (text: string, values?: unknown[]) => {
      waited ||= text.includes('lock(')
      return !waited && text.includes('from wallets') ? [] : tx.query(text, values)
    }) as Db['query']
    return Object.assign(Object.create(tx), { query })
  }
  await network.db.query(`select setval('account_wallets', 100)`)
  const first = await network.db.tx(tx => payerAccount(context, tx, payer))
  expect(await network.db.tx(tx => payerAccount(context, stale(tx), payer))).toBe(first)
})
