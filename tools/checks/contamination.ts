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
      likeness: Math.round(100 * match.likeness.told) / 100,
    })
  const [closest] = datanet.heldOut.compare(row)
  const told = closest?.likeness.told ?? 0
  if (closest !== undefined && closest.likeness.asked >= policy.sameQuestion && told >= policy.duplicate.told)
    return refuse('contamination', 'The row asks a question that is kept aside for the evaluation.', fix, {
      kind: 'same question',
      likeness: Math.round(100 * told) / 100,
    })
  const leak = datanet.heldOutRuns.closest(row.answer)
  if (leak.share >= policy.contaminationShare) {
    const likeness = datanet.heldOut.likenessTo(String(leak.owner), row)
    // a template fills its runs with another subject; a leak is about the same thing
    if (likeness !== undefined && !likeness.conflict && likeness.question >= policy.duplicate.question)
      return refuse(
        'contamination',
        'The answer shares long runs of words with a row that is kept aside for the evaluation.',
        fix,
        {
          share: Math.round(100 * leak.share) / 100,
          words: policy.contaminationWords,
        },
      )
  }
  return pass('contamination', 'The row repeats nothing that is kept aside for the evaluation.')
}
