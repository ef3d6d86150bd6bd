import {
  abstentionText,
  type Explained,
  influenceText,
  nobodysParts,
  rangeText,
  segments,
  shareText,
  wayText,
} from './explanation.ts'
import { natsText, oneLine, percentText } from './format.ts'
import { type Reply, text } from './reply.ts'
import type { Sentences } from './sentences.ts'

/** Says whose rows shaped an answer: marked words, shares, the rows for and against it, and what is nobody's and why. */
export const explainReplies = (output: Explained, say: Sentences): Reply[] => {
  const head: Reply = {
    kind: 'card',
    title: output.question,
    body: markedText(output),
    fields: [{ label: say.label('Model'), value: output.model }],
  }
  const receipt = output.receiptId === null ? [] : [text(say.receipt(output.receiptId), 'quiet')]
  if (!output.measured) return [head, text(say.explaining.measuring(output.ageSeconds)), ...receipt]
  const abstained = abstentionText(output, say)
  return [
    head,
    ...(abstained === null ? [] : [text(abstained)]),
    ...(output.spans.length === 0 ? [] : [spans(output, say)]),
    contributors(output, say),
    ...rows(output, say),
    text(`${wayText(output, say)} ${surprise(output, say)}`, 'quiet'),
    ...receipt,
  ]
}

const superscripts = '⁰¹²³⁴⁵⁶⁷⁸⁹'
const raised = (number: number): string =>
  String(number).replace(/\d/g, digit => superscripts[Number(digit)] ?? '')

/** The answer with its copied words in brackets: `A nuc is [a small hive]¹.` */
const markedText = ({ answer, spans }: Explained): string =>
  segments(answer, spans)
    .map(({ text, span }) => (span === null ? text : `[${text}]${raised(span)}`))
    .join('')

const contributors = (output: Explained, say: Sentences): Reply => {
  const { explaining } = say
  const nobodys = nobodysParts(output, say)
  const { withdrawn } = output
  const notes = [
    output.contributors.length === 0 && withdrawn === null
      ? explaining.nobodyInParticular
      : explaining.shareMeans,
    rangeText(output, say),
    ...nobodys.map(({ label, why }) => `${label}: ${why}`),
    nobodys.length === 0 ? null : explaining.commons,
  ]
  return {
    kind: 'table',
    title: explaining.contributors,
    columns: [{ label: explaining.part, numeric: true }, { label: explaining.who }],
    rows: [
      ...output.contributors.map(share => [shareText(share, say), share.name]),
      ...(withdrawn === null
        ? []
        : [[shareText(withdrawn, say), explaining.withdrawnPeople(withdrawn.people)]]),
      ...nobodys.map(({ label, part }) => [percentText(part), label]),
    ],
    note: notes.filter(note => note !== null).join('\n'),
  }
}

const spans = (output: Explained, { explaining, label }: Sentences): Reply => ({
  kind: 'table',
  title: explaining.wordsTitle,
  columns: [{ label: label('#'), numeric: true }, { label: explaining.rowOf }, { label: explaining.words }],
  rows: output.spans.map(({ words, contributor, state }, at) => [
    String(at + 1),
    state === 'withdrawn' ? explaining.withdrawnShort : (contributor ?? explaining.nobody),
    `"${oneLine(words, 80)}"`,
  ]),
  note: explaining.wordsNote,
})

const rows = (output: Explained, say: Sentences): Reply[] => {
  const { explaining } = say
  const groups = [
    { title: explaining.forTitle, rows: output.rows.filter(({ influence }) => influence > 0) },
    { title: explaining.againstTitle, rows: output.rows.filter(({ influence }) => influence < 0) },
  ].filter(({ rows }) => rows.length > 0)
  return groups.map(({ title, rows }, at) => ({
    kind: 'table',
    title,
    columns: [
      { label: explaining.nats, numeric: true },
      { label: explaining.rowOf },
      { label: explaining.row },
    ],
    rows: rows.map(row => rowCells(row, say)),
    // Nats are explained once.
    ...(at === groups.length - 1 ? { note: explaining.rowsMean } : {}),
  }))
}

const rowCells = (row: Explained['rows'][number], { explaining }: Sentences): string[] => {
  const words =
    row.question === null
      ? explaining.withdrawnShort
      : `${oneLine(row.question, 60)} | ${oneLine(row.text ?? '', 60)}`
  return [
    influenceText(row.influence),
    row.contributor ?? explaining.nobody,
    row.copies === 0 ? words : `${words} (${explaining.copies(row.copies)})`,
  ]
}

const surprise = ({ nats }: Explained, { explaining }: Sentences): string =>
  explaining.surprise(natsText(nats.unigram), natsText(nats.base), natsText(nats.adapter))
