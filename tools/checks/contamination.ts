import type { Check } from './check.ts'
import { pass, refuse } from './check.ts'

/**
 * A row that says what a held-out row says would make the evaluation praise memory. Held-out rows are compared like
 * duplicates, so that the runs of words which a whole datanet shares (templates) accuse nobody; the message does not
 * quote the held-out row, which stays secret.
 */
export const contamination: Check = (row, policy, datanet) => {
  const fix = 'Contribute something else: this fact is kept aside to test the model.'
  const match = datanet.heldOut.nearest(row)[0]
  if (match !== undefined)
    return refuse('contamination', 'The row repeats one that is kept aside for the evaluation.', fix, {
      kind: match.kind,
      likeness: Math.round(100 * match.likeness.overall) / 100,
    })
  const leak = datanet.heldOutRuns.share(row.answer)
  if (leak >= policy.contaminationShare)
    return refuse(
      'contamination',
      `The answer shares long runs of words with a row that is kept aside for the evaluation.`,
      fix,
      {
        share: Math.round(100 * leak) / 100,
        words: policy.contaminationWords,
      },
    )
  return pass('contamination', 'The row repeats nothing that is kept aside for the evaluation.')
}
