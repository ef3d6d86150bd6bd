import type { z } from 'zod'
import type { ProposalStatus, status } from '../tools/status.ts'
import { countText, improvementText, natsText, timeText, tokensText } from './format.ts'
import { type Field, type Reply, text } from './reply.ts'
import type { Sentences } from './sentences.ts'

/** Says where the network stands; a single proposal is shown as a card with everything about it. */
export const statusReplies = (output: z.output<typeof status.output>, say: Sentences): Reply[] => {
  const [only] = output.proposals
  const me = output.me
  const foot =
    me === null
      ? []
      : [
          text(
            `You: ${tokensText(me.balanceUnits)} tokens of balance, ${countText(me.contributions.accepted, 'accepted row')}.`,
            'quiet',
          ),
        ]
  const { base } = output.network
  // Whoever asks in a chat is not told: it is the operator's question.
  const engine: Engine | null = output.network.engine
  if (engine !== null) foot.push(text(engineText(base, engine), 'quiet'))
  if (only === undefined) return [text(say.noProposals), ...foot]
  if (output.proposals.length === 1) return [...proposalReplies(only, say), ...foot]
  return [
    {
      kind: 'table',
      title: say.label('Proposals'),
      columns: [
        { label: say.label('Model') },
        { label: say.label('State') },
        { label: say.label('Rows'), numeric: true },
        { label: say.label('Price'), numeric: true },
        { label: say.label('Answers'), numeric: true },
      ],
      rows: output.proposals.map(proposal => [
        proposal.release === null ? proposal.name : `${proposal.name}@${proposal.release.version}`,
        say.states[proposal.state] ?? proposal.state,
        `${proposal.rows.accepted} of ${proposal.rowsWanted}`,
        tokensText(proposal.priceUnits),
        String(proposal.answers),
      ]),
      note: say.label('One in full: /status <model>'),
    },
    ...foot,
  ]
}

type Engine = z.output<typeof status.output>['network']['engine']

/** What the node computes with: of use to whoever wonders why an answer is slow. */
const engineText = (base: string, engine: Engine): string => {
  const { serving } = engine
  const caches = serving.keyValueBytes + serving.bankBytes + serving.prefixBytes
  const adapters = engine.adapterBytes + engine.mergedBytes
  const parts = [
    `${base} on ${engine.device}, ${engine.weights}, ${countText(engine.threads, 'thread')}`,
    `base ${mebibytesText(engine.baseBytes + engine.packedBytes)}`,
    `${countText(engine.adapters, 'adapter')} in ${mebibytesText(adapters)}`,
    `caches ${mebibytesText(caches)}`,
    `process ${mebibytesText(engine.processBytes)}`,
  ]
  return `${parts.join('; ')}.`
}

const mebibytesText = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MiB`

const proposalReplies = (proposal: ProposalStatus, say: Sentences): Reply[] => {
  const { evaluation, run, snapshot } = proposal
  const fields: (Field | null)[] = [
    { label: say.label('State'), value: stateText(proposal, say) },
    { label: say.label('Data wanted'), value: proposal.dataWanted },
    { label: say.label('Licences'), value: proposal.licences.join(', ') },
    { label: say.label('Price'), value: `${tokensText(proposal.priceUnits)} tokens a question` },
    ...howItCame(proposal, say),
    {
      label: say.label('Rows'),
      value: `${proposal.rows.accepted} accepted, ${proposal.rowsWanted} wanted, ${proposal.rows.refused} refused, from ${countText(proposal.contributors, 'person').replace('persons', 'people')}`,
    },
    snapshot && {
      label: say.label('Snapshot'),
      value: `${countText(snapshot.rows, 'row')}, root ${snapshot.root}`,
    },
    evaluation && {
      label: say.label('Held-out loss'),
      value: `${natsText(evaluation.adapterLoss)} nats a token, base ${natsText(evaluation.baseLoss)}: ${improvementText(evaluation.baseLoss, evaluation.adapterLoss)} gone`,
    },
    {
      label: say.label('Split'),
      value: Object.entries(proposal.split)
        .map(([who, part]) => `${who} ${part} %`)
        .join(', '),
    },
  ]
  const card: Reply = {
    kind: 'card',
    title: proposal.release === null ? proposal.name : `${proposal.name}@${proposal.release.version}`,
    body: proposal.purpose,
    fields: fields.filter(field => field !== null),
  }
  return [
    card,
    ...(run?.state === 'training' && run.steps !== null ? [runProgress(proposal, say)] : []),
    ...nextSteps(proposal, say),
  ]
}

/** The bond and the vote, or what a model has in their place that came without them. */
const howItCame = ({ origin, poll, ...proposal }: ProposalStatus, say: Sentences): Field[] => {
  if (origin !== 'voted') return [{ label: say.label('Vote'), value: say.label(origins[origin]) }]
  const tally =
    poll === null
      ? `${countText(proposal.ballots, 'ballot')}, sealed until ${timeText(proposal.closesAt)}`
      : `${poll.passed ? 'passed' : 'rejected'}: yes ${tokensText(poll.yesUnits)}, no ${tokensText(poll.noUnits)}`
  return [
    { label: say.label('Bond'), value: `${tokensText(proposal.bondUnits)} tokens by ${proposal.proposer}` },
    { label: say.label('Vote'), value: tally },
  ]
}

/** What stands where a vote would, for models without one. */
export const origins = {
  own: 'none: its owner made it of own rows',
  imported: 'none: its owner brought the adapter along',
} as const

const stateText = (proposal: ProposalStatus, say: Sentences): string => {
  const state = say.states[proposal.state] ?? proposal.state
  if (proposal.reason !== null) return `${state}: ${proposal.reason}`
  const closed = proposal.state === 'gathering' && proposal.gatheringClosedAt !== null
  return closed && proposal.poll !== null ? say.gatheringClosed(timeText(proposal.poll.finalAt)) : state
}

/** The progress of a proposal's running training. */
export const runProgress = (proposal: ProposalStatus, say: Sentences): Reply & { kind: 'progress' } => {
  const { step, steps, loss, tokensPerSecond, secondsLeft } = proposal.run ?? {
    step: 0,
    steps: 0,
    loss: null,
    tokensPerSecond: null,
    secondsLeft: null,
  }
  return {
    kind: 'progress',
    label: say.training(proposal.name),
    step: step ?? 0,
    steps: steps ?? 0,
    ...(loss === null ? {} : { loss }),
    ...(tokensPerSecond === null ? {} : { tokensPerSecond }),
    ...(secondsLeft === null ? {} : { secondsLeft }),
  }
}

const nextSteps = ({ name, state, poll, gatheringClosedAt }: ProposalStatus, say: Sentences): Reply[] => {
  if (state === 'voting' && poll === null)
    return [
      {
        kind: 'choices',
        text: say.label('What do you want?'),
        choices: [
          { label: say.label('Vote yes'), line: `/vote ${name} yes` },
          { label: say.label('Vote no'), line: `/vote ${name} no` },
        ],
      },
    ]
  if (state === 'gathering' && gatheringClosedAt === null)
    return [
      {
        kind: 'choices',
        text: say.label('It needs rows.'),
        choices: [{ label: say.label('Contribute'), line: `/contribute ${name}` }],
      },
    ]
  return []
}
