import { advance } from '../../tools/advance.ts'
import { ask } from '../../tools/ask.ts'
import { claim } from '../../tools/claim.ts'
import { explain } from '../../tools/explain.ts'
import { feedback } from '../../tools/feedback.ts'
import { inspectEpoch } from '../../tools/inspect-epoch.ts'
import { askers } from './gathering.ts'
import type { TourResult } from './result.ts'
import type { Tour } from './tour.ts'
import { waitFor } from './wait.ts'

/** Seconds that an epoch lasts on the embedded network; see agents/policy.ts. */
const epochSeconds = 3600

/** Steps 7 and 8: held-out questions are asked and paid for, thumbs are given, and every answer is attributed. */
export const answerQuestions = async (tour: Tour): Promise<{ given: Given[]; epoch: number }> => {
  const { people, screen, data, model, questions } = tour
  screen.step(7, `${questions} questions are asked and paid for; each answer has a signed receipt`)
  const spacing = Math.max(1, Math.floor(data.evaluation.length / questions))
  const given: (Given & { epoch: number })[] = []
  for (let at = 0; at < Math.min(questions, data.evaluation.length); at++) {
    const asker = askers[at % askers.length] as string
    const person = await people.called(asker)
    const question = data.evaluation[at * spacing]?.question ?? ''
    const answer = await person.do(`ask/${at}`, ask, { model, question })
    await person.do(`thumb/${at}`, feedback, { answer: answer.answerId, thumb: at % 5 === 4 ? -1 : 1 })
    if (at < 3) screen.line(`${asker}: ${question}\n     ${answer.answer}`)
    given.push({ asker, answerId: answer.answerId, epoch: answer.epoch })
  }
  screen.step(8, 'The attributor measures whose rows shaped each answer')
  for (const one of given) await explained(tour, one, seen => seen.measured)
  screen.line(
    `${given.length} answers measured; adapters on subsets of the rows are being tuned, to know how sure that is`,
  )
  return { given, epoch: given[0]?.epoch ?? 1 }
}

/** An answer that was asked and paid for. */
interface Given {
  readonly asker: string
  readonly answerId: string
}

const explained = async (
  { people }: Tour,
  { asker, answerId }: Given,
  done: (seen: Awaited<ReturnType<(typeof explain)['run']>>) => boolean,
) => {
  const person = await people.called(asker)
  return waitFor('the attributor', () => person.do(`why/${answerId}`, explain, { answer: answerId }), done, {
    seconds: 240,
  })
}

/** What every answer's attribution says once its epoch is settled: shares and, where the release is calibrated, intervals. */
export const readShares = async (tour: Tour, given: readonly Given[]): Promise<TourResult['answers']> => {
  const answers: TourResult['answers'] = []
  for (const one of given) {
    const why = await explained(tour, one, seen => seen.measured)
    answers.push({
      question: why.question,
      answer: why.answer,
      receiptId: why.receiptId ?? '',
      shares: why.contributors.map(({ name, share, low, high }) => ({ contributor: name, share, low, high })),
      unattributed: why.unattributed,
    })
  }
  const best = answers[0]?.shares[0]
  if (best === undefined) return answers
  const percent = (share: number) => `${(100 * share).toFixed(1)}%`
  const range =
    best.low === null || best.high === null
      ? 'provisional: not calibrated'
      : `90% interval ${percent(best.low)} to ${percent(best.high)}`
  tour.screen.line(`first answer: ${best.contributor} ${percent(best.share)} (${range})`)
  return answers
}

/** Step 9: the epoch is closed and settled, its root outlives the challenge window, and everybody claims. */
export const closeEpoch = async (
  tour: Tour,
  number: number,
): Promise<Pick<TourResult, 'epoch' | 'claims'>> => {
  const { people, screen, network, data } = tour
  screen.step(9, 'The treasurer settles the epoch; contributors claim on chain')
  const look = () => people.operator.do('epoch', inspectEpoch, { epoch: number })
  await people.operator.do('advance/epoch', advance, { seconds: epochSeconds })
  // The release is calibrated before anything is paid on it: minutes.
  await waitFor('the settlement', look, epoch => epoch.state === 'posted' || epoch.state === 'active', {
    seconds: 1200,
  })
  await people.operator.do('advance/window', advance, { seconds: network.chain.challengeWindowSeconds })
  const epoch = await waitFor('the challenge window', look, seen => seen.state === 'active')
  const claims: TourResult['claims'] = []
  for (const name of new Set(data.rows.map(row => row.contributor))) {
    const { units, tx } = await (await people.called(name)).do('claim', claim, {})
    if (tx !== null) claims.push({ contributor: name, units, tx })
  }
  screen.line(
    `income ${epoch.incomeUnits} = paid ${epoch.paidUnits} + commons ${epoch.commonsUnits} + other ${epoch.otherUnits} units; ${claims.length} claims`,
  )
  return {
    epoch: {
      incomeUnits: epoch.incomeUnits,
      paidUnits: epoch.paidUnits,
      commonsUnits: epoch.commonsUnits,
      otherUnits: epoch.otherUnits,
      root: epoch.root ?? '',
      tx: epoch.tx ?? '',
    },
    claims,
  }
}
