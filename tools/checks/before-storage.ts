import { defaultCheckPolicy, type Finding, type Row } from './check.ts'
import { Datanet } from './datanet-view.ts'
import { personalData } from './personal-data.ts'
import { secrets } from './secrets.ts'

const nothing = new Datanet({ purpose: '', policy: defaultCheckPolicy })

/** The refusal of a row that must not even be stored: it holds personal data or a secret. Undefined where it may be. */
export const refuseBeforeStorage = (
  content: Pick<Row, 'question' | 'answer' | 'licence'>,
): Finding | undefined => {
  const row: Row = { id: '', account: '', ...content }
  return [secrets, personalData]
    .map(check => check(row, defaultCheckPolicy, nothing))
    .find(finding => finding.verdict === 'refuse')
}
