import type { Network } from './context.ts'
import type { OpenCall } from './open-calls.ts'
import { call, type Verb } from './registry.ts'

/**
 * Finishes the calls that a killed process left between their first effect outside the database and their commit, such as
 * a deposit that is mined but not credited. Each is repeated under its own key, so what was done is not done again.
 * Returns how many were finished; one that fails is kept for the next start, unless its verb refuses it for good.
 */
export const finishOpenCalls = async (network: Network, verbs: readonly Verb[]): Promise<number> => {
  const open = await network.db.query<OpenCall>(
    'select key, verb, caller, input from open_calls order by begun_at',
  )
  let finished = 0
  for (const { key, verb, caller, input } of open) {
    const definition = verbs.find(item => item.name === verb)
    if (definition === undefined) continue
    try {
      await call(network, caller, definition, input, { key: key.split('/').slice(2).join('/') })
      finished++
    } catch (error) {
      network.log.warn('call.unfinished', { verb, error: error as Error })
    }
  }
  return finished
}
