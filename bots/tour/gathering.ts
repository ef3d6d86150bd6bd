import { advance } from '../../tools/advance.ts'
import { contribute } from '../../tools/contribute.ts'
import { deposit } from '../../tools/deposit.ts'
import { pledge } from '../../tools/pledge.ts'
import { propose } from '../../tools/propose.ts'
import { status } from '../../tools/status.ts'
import { submission } from '../../tools/submission.ts'
import { vote } from '../../tools/vote.ts'
import type { BadRow, Contributed } from './data.ts'
import type { TourResult } from './result.ts'
import type { Tour } from './tour.ts'
import { waitFor } from './wait.ts'

export const proposer = 'Tora Lind'
const voters = ['Ada Nyberg', 'Bo Falk', 'Cem Aydin', 'Dina Roth', 'Edu Serra']
export const askers = ['Fay Osei', 'Gil Marek', 'Hana Sato']
const pollSeconds = 600
/** Rows in one submission of the tour: small enough to see verdicts come in. */
const submissionRows = 60

export const proposalOf = async ({ people, model }: Pick<Tour, 'people' | 'model'>) => {
  const { proposals } = await people.operator.do('status', status, { proposal: model })
  const [found] = proposals
  if (found === undefined) throw new Error(`The proposal ${model} is gone.`)
  return found
}

/** Step 1: a bonded proposal and pledges of demand. */
export const proposeModel = async ({
  people,
  screen,
  data,
  model,
}: Tour): Promise<TourResult['proposal']> => {
  screen.step(1, 'A member proposes a model and posts a bond; others pledge demand')
  for (const name of [...voters, ...askers])
    await (await people.called(name)).do('deposit', deposit, { tokens: '50' })
  const tora = await people.called(proposer)
  const made = await tora.do('propose', propose, {
    name: model,
    purpose: `Answers questions about ${model.replaceAll('-', ' ')} from the experience of the people who know it.`,
    dataWanted: 'Questions that people really ask, each with a short, correct and self-contained answer.',
    licences: ['CC0-1.0', 'CC-BY-4.0'],
    rowsWanted: Math.floor(data.rows.length / 2),
    minimumImprovement: 10,
    price: '0.05',
    bond: '25',
    pollSeconds,
    evaluation: data.evaluation.map(({ question, answer }) => ({ question, answer })),
  })
  for (const name of askers)
    await (await people.called(name)).do('pledge', pledge, { proposal: model, tokens: '10' })
  const { bondUnits, pledgedUnits } = await proposalOf({ people, model })
  screen.line(
    `"${model}" by ${tora.name}: bond 25 tokens (${made.bondTx.slice(0, 10)}…), ${askers.length} pledges of 10 tokens`,
  )
  return { id: made.proposalId, name: model, bondUnits, bondTx: made.bondTx, pledgedUnits }
}

/** Step 2: the vote, its close, and its result on chain. */
export const voteOnIt = async (tour: Tour): Promise<TourResult['votes']> => {
  const { people, screen, model, network } = tour
  screen.step(2, 'Voters decide; the tally and the root of the ballots go on chain')
  if ((await proposalOf(tour)).state === 'voting')
    for (const [at, name] of voters.entries())
      await (await people.called(name)).do('vote', vote, { proposal: model, choice: at === 3 ? 'no' : 'yes' })
  await people.operator.do('advance/poll', advance, { seconds: pollSeconds })
  const seen = await waitFor(
    'the tally',
    () => proposalOf(tour),
    proposal => proposal.poll !== null,
  )
  // The result can be disputed for a while before the bond's milestones begin.
  await people.operator.do('advance/dispute', advance, { seconds: network.chain.disputeWindowSeconds })
  const poll = seen.poll as NonNullable<typeof seen.poll>
  screen.line(
    `${seen.ballots} ballots, ${poll.passed ? 'passed' : 'rejected'}; root ${poll.root.slice(0, 10)}…`,
  )
  return {
    yesUnits: poll.yesUnits,
    noUnits: poll.noUnits,
    ballots: seen.ballots,
    root: poll.root,
    tx: poll.tx,
    passed: poll.passed,
  }
}

interface Sent {
  readonly contributor: string
  readonly submissionId: string
  readonly rows: readonly { row: Contributed; expected: string | null }[]
}

/** Step 3: every contributor sends their rows, and forty bad ones are mixed in; the curator decides on each. */
export const contributeRows = async (tour: Tour): Promise<TourResult['contributions']> => {
  const { screen, data, bad, people } = tour
  const contributors = [...new Set(data.rows.map(row => row.contributor))]
  screen.step(
    3,
    `${contributors.length} contributors give ${data.rows.length} rows, and ${bad.length} bad ones are mixed in`,
  )
  const sent: Sent[] = []
  for (const name of contributors)
    sent.push(
      ...(await send(
        tour,
        name,
        'good',
        data.rows.filter(row => row.contributor === name).map(row => ({ row, expected: null })),
      )),
    )
  for (const name of new Set(bad.map(row => row.contributor)))
    sent.push(
      ...(await send(
        tour,
        name,
        'bad',
        bad.filter(row => row.contributor === name).map((row: BadRow) => ({ row, expected: row.expected })),
      )),
    )
  await waitFor(
    'the curator',
    () => proposalOf(tour),
    proposal => proposal.rows.received === 0,
    { progress: proposal => proposal.rows, seconds: 180 },
  )

  const refused: Record<string, number> = {}
  const goodRefused: Record<string, number> = {}
  const badCounts = { rows: bad.length, refused: 0, rightReason: 0 }
  let [received, accepted, review] = [0, 0, 0]
  for (const item of sent) {
    const person = await people.called(item.contributor)
    const { rows } = await person.do(`verdicts/${item.submissionId}`, submission, {
      submission: item.submissionId,
    })
    for (const [at, row] of rows.entries()) {
      const expected = item.rows[at]?.expected ?? null
      received++
      if (row.state === 'accepted') accepted++
      if (row.state === 'review') review++
      if (row.state !== 'refused') continue
      const reason = row.reason ?? 'unknown'
      refused[reason] = (refused[reason] ?? 0) + 1
      if (expected === null) goodRefused[reason] = (goodRefused[reason] ?? 0) + 1
      else {
        badCounts.refused++
        if (reason === expected) badCounts.rightReason++
      }
    }
  }
  const reasons = Object.entries(refused).map(([reason, count]) => `${count} ${reason}`)
  screen.line(
    `${accepted} of ${received} accepted; refused: ${reasons.join(', ') || 'none'}; bad rows caught: ${badCounts.rightReason} of ${badCounts.rows}`,
  )
  return { received, accepted, refused, review, bad: badCounts, goodRefused }
}

const send = async (tour: Tour, name: string, kind: string, rows: Sent['rows']): Promise<Sent[]> => {
  const person = await tour.people.called(name)
  const sent: Sent[] = []
  for (let first = 0; first < rows.length; first += submissionRows) {
    const part = rows.slice(first, first + submissionRows)
    const { submissionId } = await person.do(`${kind}/${first}`, contribute, {
      proposal: tour.model,
      licence: 'CC0-1.0',
      rights: true,
      rows: part.map(({ row }) => ({
        question: row.question,
        answer: row.answer,
        ...(row.licence === undefined ? {} : { licence: row.licence }),
      })),
    })
    sent.push({ contributor: name, submissionId, rows: part })
  }
  return sent
}
