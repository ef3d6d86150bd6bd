import type { z } from 'zod'
import type { account } from '../tools/account.ts'
import type { event } from '../tools/event.ts'
import type { events } from '../tools/events.ts'
import type { models } from '../tools/models.ts'
import type { run } from '../tools/run.ts'
import type { showReceipt } from '../tools/show-receipt.ts'
import type { submission } from '../tools/submission.ts'
import { improvementText, natsText, oneLine, percentText, timeText, tokensText } from './format.ts'
import { type Reply, text } from './reply.ts'
import type { Sentences } from './sentences.ts'

type Output<V extends { output: z.ZodType }> = z.output<V['output']>

/** What the verbs return that only show something. */
export interface ToldByReading {
  account: Output<typeof account>
  event: Output<typeof event>
  events: Output<typeof events>
  models: Output<typeof models>
  receipt: Output<typeof showReceipt>
  run: Output<typeof run>
  submission: Output<typeof submission>
}

export const readingTellers: {
  [K in keyof ToldByReading]: (output: ToldByReading[K], say: Sentences) => Reply[]
} = {
  submission: (output, say) => [
    {
      kind: 'table',
      title: `Rows for ${output.proposal}, sent ${timeText(output.receivedAt)}`,
      columns: [
        { label: say.label('#'), numeric: true },
        { label: say.label('Question') },
        { label: say.label('State') },
        { label: say.label('Reason and fix') },
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
      ...(output.state === 'received' ? { note: say.label('The curator is still at it.') } : {}),
    },
  ],
  models: (output, say) =>
    output.models.length === 0
      ? [text(say.noModel)]
      : [
          {
            kind: 'table',
            title: say.label('Released models'),
            columns: [
              { label: say.label('Model') },
              { label: say.label('Price'), numeric: true },
              { label: say.label('Rows'), numeric: true },
              { label: say.label('People'), numeric: true },
              { label: say.label('Loss gone'), numeric: true },
              { label: say.label('Answers'), numeric: true },
            ],
            rows: output.models.map(card => [
              `${card.name}@${card.version}`,
              tokensText(card.priceUnits),
              String(card.rows),
              String(card.contributors.length),
              improvementText(card.evaluation.baseLoss, card.evaluation.adapterLoss),
              String(card.answers),
            ]),
            note: say.label(
              'Loss gone: how much of the base model’s loss on the held-out answers the tuned model removes.',
            ),
          },
        ],
  run: (output, say) => [
    {
      kind: 'card',
      title: `Run of ${output.model}`,
      fields: [
        { label: say.label('State'), value: output.state },
        ...(output.evaluation === null
          ? []
          : [
              {
                label: say.label('Held-out loss'),
                value: `${natsText(output.evaluation.adapterLoss)} nats a token, base ${natsText(output.evaluation.baseLoss)}`,
              },
            ]),
        ...(output.reason === null ? [] : [{ label: say.label('Reason'), value: output.reason }]),
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
  account: (output, say) => [
    {
      kind: 'card',
      title: output.name,
      fields: [
        { label: say.label('Prepaid balance'), value: `${tokensText(output.balanceUnits)} tokens` },
        {
          label: say.label('Wallet'),
          value: `${tokensText(output.walletUnits)} tokens at ${output.address}`,
        },
        ...(output.linkedWallet === null
          ? []
          : [{ label: say.label('Your own wallet'), value: output.linkedWallet }]),
        { label: say.label('Reached from'), value: output.platforms.join(', ') },
        { label: say.label('Earned'), value: `${tokensText(output.earnedUnits)} tokens` },
        { label: say.label('Waiting for its window'), value: `${tokensText(output.pendingUnits)} tokens` },
        { label: say.label('To claim'), value: `${tokensText(output.claimableUnits)} tokens` },
        {
          label: say.label('Rows'),
          value: `${output.rows.accepted} accepted, ${output.rows.refused} refused, ${output.rows.received} waiting`,
        },
      ],
    },
    ...(output.shaped.length === 0
      ? []
      : [
          {
            kind: 'table' as const,
            title: say.label('Answers your rows shaped'),
            columns: [
              { label: say.label('Share'), numeric: true },
              { label: say.label('Model') },
              { label: say.label('Your rows') },
            ],
            rows: output.shaped
              .slice(0, 10)
              .map(row => [
                percentText(row.share),
                row.model,
                row.rows.map(own => oneLine(own.question, 60)).join(' · ') || say.label('(not told apart)'),
              ]),
          },
        ]),
  ],
  events: (output, say) => [
    {
      kind: 'table',
      title: say.label('Ledger'),
      columns: [
        { label: say.label('No.'), numeric: true },
        { label: say.label('Time') },
        { label: say.label('What') },
        { label: say.label('Who') },
        { label: say.label('On chain') },
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
  event: (output, say) => [
    {
      kind: 'card',
      title: `Event ${output.seq}: ${output.kind}`,
      fields: [
        { label: say.label('Time'), value: timeText(output.at) },
        { label: say.label('Who'), value: output.actorName },
        { label: say.label('About'), value: output.subject },
        { label: say.label('Hash'), value: output.hash },
        { label: say.label('Before it'), value: output.prevHash },
        { label: say.label('On chain'), value: output.anchor?.tx ?? 'not anchored yet' },
      ],
    },
  ],
  receipt: (output, say) => [
    {
      kind: 'card',
      title: `Receipt for ${output.kind}`,
      body: output.text,
      fields: [
        { label: say.label('Signature'), value: output.signature },
        { label: say.label('Key'), value: output.keyId },
        { label: say.label('Event'), value: output.event === null ? 'none' : output.event.seq },
        { label: say.label('On chain'), value: output.anchor?.tx ?? 'not anchored yet' },
      ],
    },
  ],
}
