import { idFrom } from '../infra/ids.ts'
import type { Caller, Network } from './context.ts'
import type { OpenCall } from './open-calls.ts'
import { call, type Verb } from './registry.ts'

/**
 * Finishes the calls that a killed process left between their first effect and their commit, such as a deposit that is
 * mined but not credited. Each is repeated under its own key, so what was done is not done again. A call that had no
 * effect yet is dropped: whoever made it may have made another since. Returns how many were finished; one that fails is
 * kept for the next start, unless its verb refuses it for good.
 */
export const finishOpenCalls = async (network: Network, verbs: readonly Verb[]): Promise<number> => {
  const open = await network.db.query<OpenCall>(
    // What an x402 payment paid for is its till's to end: it goes back unless the payer repeats the request.
    `select key, verb, caller, input from open_calls o where not exists (
       select from payments p where p.state = 'settled' and o.key like p.account_id || '/%/x402/' || p.id || '%')
     order by begun_at`,
  )
  let finished = 0
  for (const item of open) {
    const definition = verbs.find(({ name }) => name === item.verb)
    if (definition === undefined) continue
    if (!(await hadEffect(network, item))) {
      await network.db.query('delete from open_calls where key = $1', [item.key])
      continue
    }
    try {
      await call(network, withoutBudget(item.caller), definition, item.input, {
        key: item.key.split('/').slice(2).join('/'),
      })
      finished++
    } catch (error) {
      network.log.warn('call.unfinished', { verb: item.verb, error: error as Error })
    }
  }
  return finished
}

/** What has begun is finished, whatever its key has spent since. */
const withoutBudget = (caller: Caller): Caller =>
  caller.key === undefined ? caller : { ...caller, key: { ...caller.key, budgeted: false } }

/** Whether a transaction was journaled under the call's key, or its price was paid; a claim pays what is owed and no more. */
const hadEffect = async ({ db }: Network, { key, verb }: OpenCall): Promise<boolean> => {
  if (verb === 'claim') return true
  const [found] = await db.query<{ begun: boolean }>(
    `select exists (select 1 from chain_transactions where key = $1) or exists (select 1 from answers where id = $2) as begun`,
    [key, idFrom('answer', key)],
  )
  return found?.begun ?? false
}
