import type { z } from 'zod'
import { isFault } from '../infra/errors.ts'
import type { account } from '../tools/account.ts'
import type { ask } from '../tools/ask.ts'
import type { claim } from '../tools/claim.ts'
import type { contribute } from '../tools/contribute.ts'
import type { deposit } from '../tools/deposit.ts'
import type { event } from '../tools/event.ts'
import type { events } from '../tools/events.ts'
import type { explain } from '../tools/explain.ts'
import type { freeze } from '../tools/freeze.ts'
import type { models } from '../tools/models.ts'
import type { propose } from '../tools/propose.ts'
import type { run } from '../tools/run.ts'
import type { showReceipt } from '../tools/show-receipt.ts'
import type { status } from '../tools/status.ts'
import type { submission } from '../tools/submission.ts'
import type { vote } from '../tools/vote.ts'
import type { withdraw } from '../tools/withdraw.ts'
import type { Command } from './commands.ts'
import { usage } from './commands.ts'
import { improvementText, natsText, oneLine, percentText, shortId, timeText, tokensText } from './format.ts'
import { explainReplies } from './replies-explain.ts'
import { statusReplies } from './replies-status.ts'
import { type Reply, text } from './reply.ts'
import type { Sentences } from './sentences.ts'

type Output<V extends { output: z.ZodType }> = z.output<V['output']>

/** What each verb's output says; a verb without an entry is shown by its fields. */
interface Told {
  account: Output<typeof account>
  ask: Output<typeof ask>
  claim: Output<typeof claim>
  contribute: Output<typeof contribute>
  deposit: Output<typeof deposit>
  event: Output<typeof event>
  events: Output<typeof events>
  explain: Output<typeof explain>
  freeze: Output<typeof freeze>
  models: Output<typeof models>
  propose: Output<typeof propose>
  receipt: Output<typeof showReceipt>
  run: Output<typeof run>
  status: Output<typeof status>
  submission: Output<typeof submission>
  vote: Output<typeof vote>
  withdraw: Output<typeof withdraw>
  pledge: unknown
  feedback: unknown
}

const tellers: { [K in keyof Told]: (output: Told[K], say: Sentences) => Reply[] } = {
  ask: (output, say) => [
    text(say.answerFoot(output.model, output.priceUnits, output.balanceUnits), 'quiet'),
    {
      kind: 'choices',
      text: say.receipt(output.receiptId),
      choices: [
        { label: say.why, line: `/why ${output.answerId}` },
        { label: say.good, line: `/feedback ${output.answerId} up` },
        { label: say.bad, line: `/feedback ${output.answerId} down` },
      ],
    },
  ],
  explain: explainReplies,
  status: statusReplies,
  feedback: (_, say) => [text(say.thanks, 'good')],
  deposit: (output, say) => [text(say.deposited(output.balanceUnits), 'good')],
  pledge: (_, say) => [text(say.pledged, 'good')],
  propose: (output, say) => [text(say.proposed(output.name, timeText(output.closesAt)), 'good')],
  vote: (output, say) => [
    text(say.voted(output.counted, output.weightUnits), 'good'),
    text(say.receipt(output.receiptId), 'quiet'),
  ],
  contribute: (output, say) => [
    text(
      say.received(output.rows.length, output.rows.filter(({ state }) => state === 'refused').length),
      'good',
    ),
    {
      kind: 'choices',
      text: `Submission ${output.submissionId}`,
      choices: [{ label: 'See each row', line: `/submission ${output.submissionId}` }],
    },
  ],
  freeze: (output, say) => [text(say.frozen(output.accepted), 'good')],
  claim: (output, say) => [
    text(say.claimed(output.units), output.units === '0' ? 'plain' : 'good'),
    ...(output.tx === null ? [] : [text(`Transaction ${output.tx}`, 'quiet')]),
  ],
  withdraw: (output, say) => [text(say.withdrawn(output.models), 'good')],
  submission: output => [
    {
      kind: 'table',
      title: `Rows for ${output.proposal}, sent ${timeText(output.receivedAt)}`,
      columns: [
        { label: '#', numeric: true },
        { label: 'Question' },
        { label: 'State' },
        { label: 'Reason and fix' },
      ],
      rows: output.rows.map(row => [
        String(row.position),
        row.question === null ? '(not stored)' : oneLine(row.question, 50),
        row.state,
        [
          row.message,
          row.fix,
          row.first &&
            `First, by ${row.first.contributor}: "${oneLine(row.first.question ?? 'withdrawn', 60)}"`,
        ]
          .filter(part => part !== null && part !== '')
          .join(' '),
      ]),
      ...(output.state === 'received' ? { note: 'The curator is still at it.' } : {}),
    },
  ],
  models: (output, say) =>
    output.models.length === 0
      ? [text(say.noModel)]
      : [
          {
            kind: 'table',
            title: 'Released models',
            columns: [
              { label: 'Model' },
              { label: 'Price', numeric: true },
              { label: 'Rows', numeric: true },
              { label: 'People', numeric: true },
              { label: 'Loss gone', numeric: true },
              { label: 'Answers', numeric: true },
            ],
            rows: output.models.map(card => [
              `${card.name}@${card.version}`,
              tokensText(card.priceUnits),
              String(card.rows),
              String(card.contributors.length),
              improvementText(card.evaluation.baseLoss, card.evaluation.adapterLoss),
              String(card.answers),
            ]),
            note: 'Loss gone: how much of the base model’s loss on the held-out answers the tuned model removes.',
          },
        ],
  run: (output, say) => [
    {
      kind: 'card',
      title: `Run of ${output.model}`,
      fields: [
        { label: 'State', value: output.state },
        ...(output.evaluation === null
          ? []
          : [
              {
                label: 'Held-out loss',
                value: `${natsText(output.evaluation.adapterLoss)} nats a token, base ${natsText(output.evaluation.baseLoss)}`,
              },
            ]),
        ...(output.reason === null ? [] : [{ label: 'Reason', value: output.reason }]),
      ],
    },
    ...(output.progress?.steps === undefined
      ? []
      : [
          {
            kind: 'progress' as const,
            label: say.training(output.model),
            step: output.progress.step ?? 0,
            steps: output.progress.steps,
            ...(output.progress.loss === undefined ? {} : { loss: output.progress.loss }),
            ...(output.progress.tokensPerSecond === undefined
              ? {}
              : { tokensPerSecond: output.progress.tokensPerSecond }),
            ...(output.state === 'training' && output.progress.secondsLeft !== undefined
              ? { secondsLeft: output.progress.secondsLeft }
              : {}),
          },
        ]),
  ],
  account: output => [
    {
      kind: 'card',
      title: output.name,
      fields: [
        { label: 'Prepaid balance', value: `${tokensText(output.balanceUnits)} tokens` },
        { label: 'Wallet', value: `${tokensText(output.walletUnits)} tokens at ${output.address}` },
        { label: 'Earned', value: `${tokensText(output.earnedUnits)} tokens` },
        { label: 'Waiting for its window', value: `${tokensText(output.pendingUnits)} tokens` },
        { label: 'To claim', value: `${tokensText(output.claimableUnits)} tokens` },
        {
          label: 'Rows',
          value: `${output.rows.accepted} accepted, ${output.rows.refused} refused, ${output.rows.received} waiting`,
        },
      ],
    },
    ...(output.shaped.length === 0
      ? []
      : [
          {
            kind: 'table' as const,
            title: 'Answers your rows shaped',
            columns: [{ label: 'Share', numeric: true }, { label: 'Model' }, { label: 'Question' }],
            rows: output.shaped
              .slice(0, 10)
              .map(row => [percentText(row.share), row.model, oneLine(row.question, 60)]),
          },
        ]),
  ],
  events: output => [
    {
      kind: 'table',
      title: 'Ledger',
      columns: [
        { label: 'No.', numeric: true },
        { label: 'Time' },
        { label: 'What' },
        { label: 'Who' },
        { label: 'On chain' },
      ],
      rows: output.events.map(item => [
        item.seq,
        timeText(item.at),
        item.kind,
        item.actor,
        item.anchored ? 'yes' : 'not yet',
      ]),
      ...(output.next === null ? {} : { note: `Older ones: /events before=${output.next}` }),
    },
  ],
  event: output => [
    {
      kind: 'card',
      title: `Event ${output.seq}: ${output.kind}`,
      fields: [
        { label: 'Time', value: timeText(output.at) },
        { label: 'Who', value: output.actorName },
        { label: 'About', value: output.subject },
        { label: 'Hash', value: output.hash },
        { label: 'Before it', value: output.prevHash },
        { label: 'On chain', value: output.anchor?.tx ?? 'not anchored yet' },
      ],
    },
  ],
  receipt: output => [
    {
      kind: 'card',
      title: `Receipt for ${output.kind}`,
      body: output.text,
      fields: [
        { label: 'Signature', value: output.signature },
        { label: 'Key', value: output.keyId },
        { label: 'Event', value: output.event === null ? 'none' : output.event.seq },
        { label: 'On chain', value: output.anchor?.tx ?? 'not anchored yet' },
      ],
    },
  ],
}

/** Says what a verb returned. */
export const repliesTo = (command: string, output: unknown, say: Sentences): Reply[] => {
  const teller = Object.hasOwn(tellers, command)
    ? (tellers[command as keyof Told] as (output: unknown, say: Sentences) => Reply[])
    : undefined
  return teller === undefined ? [plainCard(command, output)] : teller(output, say)
}

const plainCard = (title: string, output: unknown): Reply => ({
  kind: 'card',
  title,
  fields: Object.entries(typeof output === 'object' && output !== null ? output : { result: output }).map(
    ([label, value]) => ({
      label,
      value: typeof value === 'string' || typeof value === 'number' ? String(value) : JSON.stringify(value),
    }),
  ),
})

/** The list of commands. */
export const helpReplies = (commands: readonly Command[], say: Sentences): Reply[] => [
  {
    kind: 'table',
    title: say.helpTitle,
    columns: [{ label: say.command }, { label: say.does }],
    rows: commands.map(command => [usage(command), command.summary]),
    note: say.helpNote,
  },
]

/** Says what went wrong: the message and the fix where a person can act on them, an incident's id otherwise. */
export const faultReplies = (error: unknown, incident: string, say: Sentences): Reply[] => {
  if (!isFault(error) || (error.blame !== 'person' && error.blame !== 'world'))
    return [text(say.incident(shortId(incident)), 'bad')]
  const replies = [
    text(`${say.faults[error.code] ?? error.message} ${error.retry ? say.tryAgain : error.fix}`, 'bad'),
  ]
  if (error.code !== 'insufficient-balance') return replies
  return [...replies, { kind: 'choices', text: '', choices: [{ label: say.topUp('5'), line: '/deposit 5' }] }]
}
