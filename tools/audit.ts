import { isFault } from '../infra/errors.ts'
import { newId } from '../infra/ids.ts'
import type { Caller, Network } from './context.ts'
import type { Verb } from './registry.ts'

/** Whether a call is written down: what moves money, votes or changes keys and identities, and all that the operator does. */
const isPrivileged = ({ effect, inPerson }: Verb, { role }: Caller): boolean =>
  role === 'operator' ||
  (role !== 'anyone' &&
    (effect === 'money' || effect === 'vote' || (inPerson === true && effect === 'write')))

/**
 * Runs a call and, where it is privileged, writes down who made it, by which key and request, and how it ended. What it
 * was told and what it returned stay out. A failed note is logged: the call is over by then.
 */
export const audited = async <T>(
  network: Network,
  caller: Caller,
  definition: Verb,
  work: () => Promise<T>,
): Promise<T> => {
  if (!isPrivileged(definition, caller)) return work()
  const note = (outcome: string): Promise<unknown> =>
    network.db
      .query(
        `insert into audited_calls (id, role, account_id, key_id, verb, surface, request_id, outcome, at)
         values ($1, $2, (select id from accounts where id = $3), $4, $5, $6, $7, $8, $9)`,
        [
          newId(),
          caller.role,
          caller.accountId,
          caller.key?.id ?? null,
          definition.name,
          caller.surface,
          caller.requestId ?? null,
          outcome,
          network.clock.now(),
        ],
      )
      .catch(error => network.log.error('audit.failed', { verb: definition.name, error: error as Error }))
  try {
    const output = await work()
    await note('ok')
    return output
  } catch (error) {
    await note(isFault(error) ? error.code : 'unexpected')
    throw error
  }
}
