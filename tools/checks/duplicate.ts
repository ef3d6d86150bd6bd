import type { Kind } from '../../models/attribution/likeness.ts'
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
  const [first] = datanet.nearDuplicates.nearest(row, datanet.cosines?.(row))
  if (first === undefined) return pass('duplicate', 'No earlier row says the same.')
  if (first.account !== row.account) {
    const { question, told, wording } = first.likeness
    return {
      check: 'duplicate',
      verdict: 'refuse',
      message: `This row ${how[first.kind]} a row that another contributor sent before.`,
      fix: 'Compare it with the first one, and send what yours adds as a row of its own.',
      first: first.id,
      facts: {
        kind: first.kind,
        question: rounded(question),
        told: rounded(told),
        wording: rounded(wording),
      },
    }
  }
  return pass('duplicate', 'You sent a row that says the same before, so the two share one weight.', {
    cluster: first.cluster,
    kind: first.kind,
  })
}

const rounded = (figure: number): number => Math.round(100 * figure) / 100
