import { html } from 'hono/html'
import { durationText } from '../format.ts'
import type { Choice, ProgressReply, Reply } from '../reply.ts'
import { formFields, nothing, type Piece } from './pieces.ts'
import type { Visitor } from './visitors.ts'

/** Writes a reply of the conversation as HTML. Parts of a streamed text are written by the chat itself. */
export const replyHtml = (reply: Reply, visitor: Visitor): Piece => {
  switch (reply.kind) {
    case 'part':
      return html`${reply.text}`
    case 'text':
      return html`<p class="say ${reply.tone ?? 'plain'}">${linked(reply.text)}</p>`
    case 'progress':
      return progressHtml(reply)
    case 'card':
      return html`<section class="card"><h3>${reply.title}</h3>${reply.body === undefined ? nothing : html`<p>${reply.body}</p>`}
<dl class="facts">${reply.fields.map(({ label, value }) => html`<div><dt>${label}</dt><dd>${value}</dd></div>`)}</dl></section>`
    case 'choices':
      return html`<div class="choices">${reply.text === '' ? nothing : html`<p>${linked(reply.text)}</p>`}<div class="buttons">${reply.choices.map(
        choice => choiceHtml(choice, visitor),
      )}</div></div>`
    case 'table':
      return tableHtml(reply)
    case 'file':
      return html`<p><a class="button" download="${reply.name}" href="data:${reply.mediaType};base64,${Buffer.from(reply.bytes).toString('base64')}">${reply.name}</a></p>`
  }
}

/** Progress with its facts in words, for a page and the chat alike. */
export const progressHtml = (reply: ProgressReply): Piece =>
  html`<div class="progress"><label>${reply.label} <progress max="${reply.steps}" value="${reply.step}">${reply.step} of ${reply.steps}</progress></label>
<p class="number">step ${reply.step} of ${reply.steps}${reply.loss === undefined ? nothing : html` · loss ${reply.loss.toFixed(3)}`}${
    reply.tokensPerSecond === undefined
      ? nothing
      : html` · ${Math.round(reply.tokensPerSecond).toLocaleString('en-US')} tokens/s`
  }${reply.secondsLeft === undefined ? nothing : html` · ${durationText(reply.secondsLeft)} left`}</p></div>`

const tableHtml = (reply: Extract<Reply, { kind: 'table' }>): Piece =>
  html`<div class="scroll"><table>${reply.title === undefined ? nothing : html`<caption>${reply.title}</caption>`}
<thead><tr>${reply.columns.map(({ label, numeric }) => html`<th scope="col"${numeric ? html` class="number"` : nothing}>${label}</th>`)}</tr></thead>
<tbody>${reply.rows.map(
    row =>
      html`<tr>${row.map((cell, at) => html`<td${reply.columns[at]?.numeric ? html` class="number"` : nothing}>${cell}</td>`)}</tr>`,
  )}</tbody></table></div>${reply.note === undefined ? nothing : html`<p class="say quiet">${reply.note}</p>`}`

const id = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}'
const receipt = new RegExp(`^Receipt (${id})$`)

const linked = (text: string): Piece => {
  const found = receipt.exec(text)?.[1]
  return found === undefined ? html`${text}` : html`<a href="/receipts/${found}">Receipt</a>`
}

/** Choices that only show something are links to its page; the others send their line, as if it were typed. */
const pages: readonly [RegExp, string][] = [
  [new RegExp(`^/why (${id})$`), '/why/'],
  [new RegExp(`^/submission (${id})$`), '/submissions/'],
]

const choiceHtml = ({ label, line }: Choice, visitor: Visitor): Piece => {
  for (const [pattern, path] of pages) {
    const found = pattern.exec(line)?.[1]
    if (found !== undefined) return html`<a class="button" href="${path}${found}">${label}</a>`
  }
  return html`<form method="post" action="/chat" hx-post="/chat" hx-target="#log" hx-swap="beforeend">${formFields(visitor)}<input type="hidden" name="line" value="${line}"><button>${label}</button></form>`
}
