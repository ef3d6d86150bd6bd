import { z } from 'zod'
import { idWord } from '../../infra/ids.ts'
import { type Check, examine, groupBy } from './check.ts'
import type { Evidence } from './evidence.ts'

const openedPayload = z.looseObject({ origin: z.string(), account: z.string(), termsHash: z.string() })
const frozenPayload = z.looseObject({ proposal: z.string(), root: z.string(), rows: z.number() })
const releasedPayload = z.looseObject({
  origin: z.string().default('voted'),
  proposal: z.string(),
  version: z.number(),
  adapter: z.string(),
  snapshot: z.string(),
  evaluation: z.string(),
})

/**
 * Checks the models that no vote made against the ledger's events, whose root the chain holds: those were recorded as such
 * when they were made, with these rows, adapters and evaluations, and no model that was voted on passes for one of them.
 */
export const auditOrigins = async ({ records, witness }: Evidence): Promise<Check[]> => {
  const origins = await examine('every model without a vote is one by the ledger', wrong => {
    const events = groupBy(records.events, event => `${event.kind} ${event.subject}`)
    const only = <T extends z.ZodType>(kind: string, subject: string, schema: T): z.output<T> | null => {
      const found = events.get(`${kind} ${subject}`) ?? []
      return found.length === 1 ? (schema.safeParse(found[0]?.payload).data ?? null) : null
    }
    const onChain = new Set(
      [...witness.all('Registry.propose'), ...witness.all('Registry.openDatanet')].map(({ args }) => args[0]),
    )
    const polls = new Set(records.polls.map(poll => poll.proposal))
    const originOf = new Map<string, string>()
    for (const { id, name, origin, proposer, state, termsHash, bondUnits, tx } of records.proposals) {
      const what = `the model "${name}"`
      originOf.set(id, origin)
      const made = events.has(`model.opened ${id}`)
      if (origin === 'voted') {
        if (made) wrong(`${what} was made without a vote, by the ledger`)
        continue
      }
      const told = only('model.opened', id, openedPayload)
      if (told?.origin !== origin || told.account !== proposer || told.termsHash !== termsHash)
        wrong(`${what} is not ${origin} by the ledger, or has another owner or other terms there`)
      if (events.has(`proposal.opened ${id}`) || onChain.has(idWord(id)) || polls.has(id))
        wrong(`${what} was put to the vote, and says it is ${origin}`)
      if (state === 'voting' || bondUnits !== 0n || tx !== null)
        wrong(`${what} is ${origin} with a vote or a bond`)
    }
    const snapshots = new Map(records.snapshots.map(snapshot => [snapshot.id, snapshot]))
    for (const { id, proposal, root, rows, tx } of records.snapshots) {
      if ((originOf.get(proposal) ?? 'voted') === 'voted') continue
      const told = only('snapshot.frozen', id, frozenPayload)
      if (told?.proposal !== proposal || told.root !== root || told.rows !== rows || tx !== null)
        wrong(`the snapshot ${id} is another by the ledger`)
    }
    const hashes = new Map(records.evaluations.map(evaluation => [evaluation.id, evaluation.hash]))
    let count = 0
    for (const release of records.releases) {
      const { id, proposal, version, adapter, evaluation, commitTx, releaseTx } = release
      const what = `release ${version} of ${proposal}`
      const origin = originOf.get(proposal) ?? 'voted'
      const snapshot = snapshots.get(release.snapshot)
      if (origin !== 'imported' && snapshot !== undefined && snapshot.proposal !== proposal)
        wrong(`${what} is of the rows of another model`)
      const told = only('model.released', id, releasedPayload)
      if (origin === 'voted') {
        if (told !== null && told.origin !== 'voted') wrong(`${what} was made without a vote, by the ledger`)
        continue
      }
      count++
      const same =
        told !== null &&
        [told.origin, told.proposal, told.version, told.adapter, told.snapshot, told.evaluation].join() ===
          [origin, proposal, version, adapter, snapshot?.root, hashes.get(evaluation)].join()
      if (!same) wrong(`${what} is another by the ledger`)
      if (commitTx !== null || releaseTx !== null) wrong(`${what} is ${origin} and names a transaction`)
    }
    return { count: records.proposals.length, detail: `${count} releases of own and imported models` }
  })
  return [origins]
}
