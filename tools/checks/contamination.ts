import { judge } from '../../models/attribution/likeness.ts'
import type { Check, Finding } from './check.ts'
import { pass, refuse } from './check.ts'

/**
 * A row that says what a held-out row says would make the evaluation praise memory. Held-out rows are compared like
 * duplicates, so that the runs of words which a whole datanet shares (templates) accuse nobody; the message does not
 * quote the held-out row, which stays secret.
 */
export const contamination: Check = (row, policy, datanet) => {
  const refusal = (message: string, facts: Record<string, string | number>): Finding =>
    refuse(
      'contamination',
      message,
      'Contribute something else: this fact is kept aside to test the model.',
      facts,
    )
  for (const { likeness } of datanet.heldOut.compare(row)) {
    const kind = judge(likeness, policy.contamination)
    const sameQuestion = likeness.asked >= policy.sameQuestion && likeness.told >= policy.duplicate.told
    if (kind === undefined && !sameQuestion) continue
    const facts = { kind: kind ?? 'same question', likeness: Math.round(100 * likeness.told) / 100 }
    return refusal('The row repeats one that is kept aside for the evaluation.', facts)
  }
  const leak = datanet.heldOutRuns.closest(row.answer)
  if (leak.share >= policy.contaminationShare) {
    const likeness = datanet.heldOut.likenessTo(String(leak.owner), row)
    // a template fills its runs with another subject; a leak is about the same thing
    if (likeness !== undefined && !likeness.conflict && likeness.question >= policy.contaminationQuestion)
      return refusal(
        'The answer shares long runs of words with a row that is kept aside for the evaluation.',
        {
          share: Math.round(100 * leak.share) / 100,
          words: policy.contaminationWords,
        },
      )
  }
  return pass('contamination', 'The row repeats nothing that is kept aside for the evaluation.')
}
