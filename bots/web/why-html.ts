import { html } from 'hono/html'
import {
  type Explained,
  influenceText,
  nobodysParts,
  rangeText,
  segments,
  shareText,
  wayText,
} from '../explanation.ts'
import { natsText, oneLine, percentText } from '../format.ts'
import { english } from '../sentences.ts'
import { fact, nothing, type Piece } from './pieces.ts'

const say = english.explaining

/** The answer with its copied words marked; each mark leads to its row below, and says to a screen reader whose it is. */
export const markedHtml = (told: Explained): Piece => {
  const pieces = segments(told.answer, told.spans).map(({ text, span }) => {
    const source = span === null ? undefined : told.spans[span - 1]
    if (span === null || source === undefined) return html`${text}`
    return html`<a class="mark" id="mark-${span}" href="#span-${span}"><mark>${text}</mark><sup aria-hidden="true">${span}</sup><span class="sr"> (${say.inRow(source.contributor, span)})</span></a>`
  })
  return html`${pieces}`
}

/** The rows that copied words stand in, one for each mark of the answer. */
export const spansHtml = (told: Explained): Piece => {
  if (told.spans.length === 0) return nothing
  const marked = new Set(segments(told.answer, told.spans).map(({ span }) => span))
  const back = (number: number): Piece =>
    marked.has(number)
      ? html` <a class="back" href="#mark-${number}" aria-label="${say.backToMark(number)}">↑</a>`
      : nothing
  return html`<section class="card"><h2>${say.wordsTitle}</h2><ol class="spans">${told.spans.map(
    ({ words, text, contributor }, at) =>
      html`<li id="span-${at + 1}"><q>${words}</q> ${
        text === null
          ? html`${say.standsInWithdrawn}${back(at + 1)}`
          : html`${say.standsIn} <strong>${contributor ?? say.nobody}</strong>${back(at + 1)}${around(text, words)}`
      }</li>`,
  )}</ol></section>`
}

/** Characters of a row that are shown at once, and of those around the copied words. */
const shown = { row: 240, around: 80 }

/** The copied words within their row, the rest of a long row behind a press. */
const around = (text: string, words: string): Piece => {
  const at = text.indexOf(words)
  if (at < 0) return long(text)
  const [start, end] = [Math.max(0, at - shown.around), at + words.length + shown.around]
  const piece = html`${start > 0 ? '…' : ''}${text.slice(start, at)}<b>${words}</b>${text.slice(at + words.length, end)}${end < text.length ? '…' : ''}`
  return start > 0 || end < text.length ? folded(piece, text) : html`<p class="text">${piece}</p>`
}

const long = (text: string): Piece =>
  text.length <= shown.row ? html`<p class="text">${text}</p>` : folded(oneLine(text, shown.row), text)

const folded = (start: Piece | string, text: string): Piece =>
  html`<details class="text"><summary><span class="start">${start}</span> <span class="more">${say.wholeRow}</span></summary><p>${text}</p></details>`

/** Who shaped the answer, and what is nobody's, with why: the bars add up to the whole. */
export const contributorsHtml = (told: Explained): Piece => {
  const nobodys = nobodysParts(told, english)
  const { withdrawn } = told
  const range = rangeText(told, english)
  return html`<section class="card"><h2>${say.contributors}</h2>
${told.contributors.length === 0 && withdrawn === null ? html`<p>${say.nobodyInParticular}</p>` : html`<p class="quiet">${say.shareMeans}</p>`}
<ul class="shares">${told.contributors.map(share => line(share.name, shareText(share, english), bar(share)))}
${withdrawn === null ? nothing : line(say.withdrawnPeople(withdrawn.people), shareText(withdrawn, english), bar(withdrawn), 'rest')}
${nobodys.map(({ label, part, why }) => line(label, percentText(part), bar(plain(part)), 'rest', why))}</ul>
${range === null ? nothing : html`<p class="say quiet">${range}</p>`}
${nobodys.length === 0 ? nothing : html`<p class="say quiet">${say.commons}</p>`}</section>`
}

const line = (label: string, figure: string, drawn: Piece, kind = '', why?: string): Piece =>
  html`<li class="${kind}"><span class="of">${label}</span> <span class="number">${figure}</span>${drawn}${why === undefined ? nothing : html`<p class="quiet">${why}</p>`}</li>`

interface Drawn {
  /** 0 to 1. */
  readonly share: number
  readonly low: number | null
  readonly high: number | null
}

const plain = (share: number): Drawn => ({ share, low: null, high: null })

/** A part of one as a bar, its interval as a line in it; the figure beside it says the same in words. */
const bar = ({ share, low, high }: Drawn, kind = ''): Piece => {
  const percent = (part: number) => 100 * Math.min(1, Math.max(0, part))
  const at = (part: number) => percent(part).toFixed(2)
  const range = (y: number, height: number, kind: string): Piece =>
    low === null || high === null
      ? nothing
      : html`<rect class="${kind}" x="${at(low)}" y="${y}" width="${(percent(high) - percent(low)).toFixed(2)}" height="${height}"/>`
  return html`<svg class="bar ${kind}" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true" focusable="false"><rect class="ground" width="100" height="8"/><rect class="part-of" width="${at(share)}" height="8"/>${range(2, 4, 'halo')}${range(3, 2, 'range')}</svg>`
}

/** The rows with the most influence in two groups, their bars on one scale. */
export const rowsHtml = ({ rows }: Explained): Piece => {
  if (rows.length === 0) return nothing
  const most = Math.max(...rows.map(({ influence }) => Math.abs(influence)))
  const group = (title: string, kind: string, shown: Explained['rows']): Piece =>
    shown.length === 0
      ? nothing
      : html`<h3>${title}</h3><ol class="rows">${shown.map(row => rowHtml(row, most, kind))}</ol>`
  return html`<section class="card"><h2>${say.rowsTitle}</h2><p class="quiet">${say.rowsMean}</p>
${group(
  say.forTitle,
  'for',
  rows.filter(({ influence }) => influence > 0),
)}
${group(
  say.againstTitle,
  'against',
  rows.filter(({ influence }) => influence < 0),
)}</section>`
}

const rowHtml = (row: Explained['rows'][number], most: number, kind: string): Piece =>
  html`<li class="row"><header><span class="of">${row.state === 'withdrawn' ? say.withdrawnRow : (row.contributor ?? say.nobody)}</span> <span class="number">${influenceText(row.influence)} <span class="unit">nats</span></span></header>${bar(plain(Math.abs(row.influence) / most), kind)}
${row.question === null ? html`<p class="quiet">${say.withdrawnMeans}</p>` : html`<p class="question">${row.question}</p>${long(row.text ?? '')}`}${
  row.copies === 0 ? nothing : html`<p class="quiet">${say.copies(row.copies)}</p>`
}</li>`

/** How much of the way to the answer the base model went by itself, with the figures behind it. */
export const surenessHtml = (told: Explained): Piece =>
  html`<section class="card"><h2>${say.surenessTitle}</h2><p>${wayText(told, english)}</p><p class="quiet">${say.natsMean}</p><dl class="facts">
${fact('Word frequencies alone', nats(told.nats.unigram))}
${fact('The base model', nats(told.nats.base))}
${fact('With what people gave', nats(told.nats.adapter))}
${fact('Length', html`<span class="number">${told.tokens}</span> <span class="unit">tokens</span>`)}
</dl></section>`

const nats = (figure: number): Piece =>
  html`<span class="number">${natsText(figure)}</span> <span class="unit">nats</span>`
