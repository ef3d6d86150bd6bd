import type { Kind } from '../../models/attribution/near-duplicates.ts'
import type { Check, Finding } from './check.ts'
import { pass } from './check.ts'

const how: Record<Kind, string> = {
  verbatim: 'is word for word the same as',
  reworded: 'says the same in other words as',
  contained: 'is contained in, or contains,',
  'answer-copied': 'has the same answer as',
}

/**
 * The first account to say something keeps it: a near-duplicate of another account's row is refused and names that
 * row; one of the account's own rows passes, with the cluster it shares its weight with.
 */
export const duplicate: Check = (row, _policy, datanet): Finding => {
  const matches = datanet.nearDuplicates.nearest(row, datanet.cosines?.(row))
  const own = matches.find(match => match.account === row.account)
  const other = matches.find(match => match.account !== row.account)
  // who was first decides: a row of one's own that came before the other account's gives the right to repeat it
  if (other !== undefined && (own === undefined || own.cluster === other.cluster)) {
    const { question, answer, overall } = other.likeness
    return {
      check: 'duplicate',
      verdict: 'refuse',
      message: `This row ${how[other.kind]} a row that another contributor sent before.`,
      fix: 'Compare it with the first one, and send what yours adds as a row of its own.',
      first: other.id,
      facts: { kind: other.kind, question, answer, overall, likeness: Math.round(100 * overall) / 100 },
    }
  }
  if (own === undefined) return pass('duplicate', 'No earlier row says the same.')
  return pass('duplicate', 'You sent a row that says the same before, so the two share one weight.', {
    cluster: own.cluster,
    kind: own.kind,
  })
}
