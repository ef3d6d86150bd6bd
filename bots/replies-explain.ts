import type { z } from 'zod'
import type { explain } from '../tools/explain.ts'
import { natsText, oneLine, percentText } from './format.ts'
import { type Reply, text } from './reply.ts'
import type { Sentences } from './sentences.ts'

/** Says whose rows shaped an answer: shares, copied spans, the strongest rows, and what is left. */
export const explainReplies = (output: z.output<typeof explain.output>, say: Sentences): Reply[] => {
  const head: Reply = {
    kind: 'card',
    title: output.question,
    body: output.answer,
    fields: [{ label: say.label('Model'), value: output.model }],
  }
  if (!output.measured) return [head, text(say.measuring)]
  return [
    head,
    text(say.nats(natsText(output.nats.base), natsText(output.nats.adapter)), 'quiet'),
    ...(output.abstained === null ? [] : [text(abstention(output.abstained, say))]),
    ...(output.contributors.length === 0 ? [] : [contributors(output, say)]),
    ...(output.spans.length === 0 ? [] : [spans(output, say)]),
    ...(output.rows.length === 0 ? [] : [rows(output, say)]),
    text(say.unattributed(output.unattributed), 'quiet'),
  ]
}

type Explained = z.output<typeof explain.output>

const abstention = (reason: string, say: Sentences): string =>
  say.abstained[reason] ?? say.abstainedFor(reason)

const contributors = (output: Explained, say: Sentences): Reply => ({
  kind: 'table',
  title: say.label('Contributors'),
  columns: [
    { label: say.label('Who') },
    { label: say.label('Share'), numeric: true },
    { label: say.label('Interval') },
  ],
  rows: output.contributors.map(({ name, share, low, high }) => [
    name,
    percentText(share),
    low === null || high === null ? '–' : `${percentText(low)} to ${percentText(high)}`,
  ]),
  ...(output.provisional ? { note: say.provisional } : {}),
})

const spans = (output: Explained, say: Sentences): Reply => ({
  kind: 'table',
  title: say.label('Words that stand in a contribution as they stand in the answer'),
  columns: [{ label: say.label('Words') }, { label: say.label('Who') }],
  rows: output.spans.map(({ text, contributor }) => [`"${oneLine(text, 80)}"`, contributor]),
})

const rows = (output: Explained, say: Sentences): Reply => ({
  kind: 'table',
  title: say.label('Rows with the most influence, in nats (plus: for the answer, minus: against it)'),
  columns: [
    { label: say.label('Nats'), numeric: true },
    { label: say.label('Who') },
    { label: say.label('Question') },
  ],
  rows: output.rows.map(row => [
    `${row.influence >= 0 ? '+' : ''}${natsText(row.influence)}`,
    row.contributor,
    row.question === null ? '(withdrawn)' : oneLine(row.question, 70),
  ]),
})
