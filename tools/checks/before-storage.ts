import { type Check, type CheckPolicy, defaultCheckPolicy, type Finding, type Row } from './check.ts'
import { checks } from './curate.ts'
import { Datanet } from './datanet-view.ts'
import { personalData } from './personal-data.ts'
import { secrets } from './secrets.ts'

/** What must never be stored, not even as a refused row. */
const neverStored: readonly Check[] = [secrets, personalData]
/** Checks that look at nothing but the row itself, up to the last of those in order of precedence. */
const byPrecedence = checks
  .map(([, check]) => check)
  .slice(0, checks.findIndex(([name]) => name === 'personal-data') + 1)
const nothing = new Datanet({ purpose: '', policy: defaultCheckPolicy })

/**
 * The refusal of a row that must not be stored: it holds personal data or a secret. Its reason is the first by precedence,
 * as for every other row. Undefined where the row may be stored, whatever else may be wrong with it.
 */
export const refuseBeforeStorage = (
  content: Pick<Row, 'question' | 'answer' | 'licence'>,
  licences: readonly string[],
): Finding | undefined => {
  const row: Row = { id: '', account: '', ...content }
  const policy: CheckPolicy = { ...defaultCheckPolicy, licences }
  const refused = (check: Check): boolean => check(row, policy, nothing).verdict === 'refuse'
  if (!neverStored.some(refused)) return undefined
  return byPrecedence.map(check => check(row, policy, nothing)).find(finding => finding.verdict === 'refuse')
}
