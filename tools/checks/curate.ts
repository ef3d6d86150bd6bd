import type { Check, CheckPolicy, Finding, Reason, Row, Verdict } from './check.ts'
import { contamination } from './contamination.ts'
import type { DatanetView } from './datanet-view.ts'
import { duplicate } from './duplicate.ts'
import { gibberish } from './gibberish.ts'
import { injection } from './injection.ts'
import { language } from './language.ts'
import { length } from './length.ts'
import { licence } from './licence.ts'
import { personalData } from './personal-data.ts'
import { relevance } from './relevance.ts'
import { schema } from './schema.ts'
import { secrets } from './secrets.ts'
import { toxicity } from './toxicity.ts'

/**
 * The checks in order of precedence: the first refusal is the row's reason. Rights come first and what endangers
 * people or machines next; what makes text poor comes before what compares it with other rows, since a comparison means
 * nothing for noise.
 */
export const checks: readonly (readonly [Reason, Check])[] = [
  ['schema', schema],
  ['licence', licence],
  ['injection', injection],
  ['secrets', secrets],
  ['personal-data', personalData],
  ['toxicity', toxicity],
  ['gibberish', gibberish],
  ['language', language],
  ['length', length],
  ['contamination', contamination],
  ['duplicate', duplicate],
  ['relevance', relevance],
]

export interface Curation {
  verdict: Verdict
  /** The check that decided; absent for an accepted row. */
  reason?: Reason
  /** One finding a check, in order of precedence. A row whose fields are damaged has the schema finding only. */
  findings: Finding[]
}

/** Runs every check on one row; a refusal outweighs a review, and the first in order gives the reason. */
export function curate(row: Row, policy: CheckPolicy, view: DatanetView): Curation {
  const findings: Finding[] = []
  for (const [name, check] of checks) {
    const finding = check(row, policy, view)
    findings.push(finding)
    // the other checks need whole fields
    if (name === 'schema' && finding.verdict === 'refuse') break
  }
  for (const verdict of ['refuse', 'review'] as const) {
    const decisive = findings.find(finding => finding.verdict === verdict)
    if (decisive !== undefined) return { verdict, reason: decisive.check, findings }
  }
  return { verdict: 'accept', findings }
}
