import { Hono } from 'hono'
import { html } from 'hono/html'
import type { z } from 'zod'
import type { explain } from '../../../tools/explain.ts'
import type { feedback } from '../../../tools/feedback.ts'
import { natsText, percentText } from '../../format.ts'
import { english } from '../../sentences.ts'
import { guardBody, limits } from '../guard.ts'
import { sendPage } from '../layout.ts'
import { fact, formFields, nothing, type Piece, partBar } from '../pieces.ts'
import { readForm, type Site } from '../site.ts'
import type { Env, Visitor } from '../visitors.ts'

type Explained = z.output<typeof explain.output>

/** Why an answer came out as it did: whose rows shaped it, which words stand in a row, and what is left. */
export const whyPages = (site: Site): Hono<Env> => {
  const routes = new Hono<Env>()
  routes.get('/why/:answer', async c => {
    const visitor = c.get('visitor')
    const told = await site.use<typeof explain>(visitor, 'explain', { answer: c.req.param('answer') })
    return sendPage(site, c, { title: 'Why?', place: '/', body: whyHtml(told, visitor) })
  })
  routes.post('/why/:answer/feedback', guardBody(limits.form), async c => {
    const form = await readForm(site, c)
    const answer = c.req.param('answer')
    await site.use<typeof feedback>(
      form.visitor,
      'feedback',
      { answer, thumb: Number(form.text('thumb')) },
      { key: form.key },
    )
    return c.redirect(`/why/${answer}?thanks`, 303)
  })
  return routes
}

const whyHtml = (told: Explained, visitor: Visitor): Piece =>
  html`<h1>Why this answer?</h1>
<section class="card"><p class="mine">${told.question}</p><p class="answer">${marked(told)}</p>
<p class="quiet"><a href="/models/${told.model}">${told.model}</a>${told.receiptId === null ? nothing : html` · <a href="/receipts/${told.receiptId}">signed receipt</a>`}</p>
<form method="post" action="/why/${told.answerId}/feedback" class="buttons">${formFields(visitor)}<button name="thumb" value="1">Good answer</button><button name="thumb" value="-1">Bad answer</button></form></section>
${told.measured ? measured(told) : html`<p class="empty">This answer has not been measured yet. Reload the page in a moment.</p>`}`

const measured = (told: Explained): Piece =>
  html`${told.abstained === null ? nothing : html`<p class="alert">${english.abstained[told.abstained] ?? english.abstainedFor(told.abstained)}</p>`}
${contributors(told)}
${spans(told)}
${rows(told)}
<section class="card"><h2>How surely</h2><p class="quiet">Nats the answer costs a model: the fewer, the surer it would have given these words.</p><dl class="facts">
${fact('By chance of words alone', html`<span class="number">${natsText(told.nats.unigram)}</span> nats`)}
${fact('The base model', html`<span class="number">${natsText(told.nats.base)}</span> nats`)}
${fact('With what people gave', html`<span class="number">${natsText(told.nats.adapter)}</span> nats over <span class="number">${told.tokens}</span> tokens`)}
</dl></section>`

const contributors = (told: Explained): Piece => {
  const measuredTwice = told.contributors.some(({ low }) => low !== null)
  const interval = (low: number | null, high: number | null): Piece =>
    measuredTwice
      ? html`<td class="number">${low === null || high === null ? '–' : `${percentText(low)} to ${percentText(high)}`}</td>`
      : nothing
  return html`<section class="card"><h2>Who shaped it</h2>${told.contributors.length === 0 ? html`<p>Nobody in particular.</p>` : nothing}
<div class="scroll"><table><thead><tr><th scope="col">Contributor</th><th scope="col">Share</th>${measuredTwice ? html`<th scope="col">Interval</th>` : nothing}</tr></thead><tbody>
${told.contributors.map(({ name, share, low, high }) => html`<tr><td>${name}</td><td>${partBar(share, `Share of ${name}`)}</td>${interval(low, high)}</tr>`)}
<tr class="rest"><td>Nobody</td><td>${partBar(told.unattributed, 'Unattributed part')}</td></tr></tbody></table></div>
${told.provisional ? html`<p class="say quiet">Provisional: measured once, so without an interval.</p>` : nothing}</section>`
}

const spans = (told: Explained): Piece =>
  told.spans.length === 0
    ? nothing
    : html`<section class="card"><h2>Words taken from a row</h2><ol class="spans">${told.spans.map(
        (span, at) =>
          html`<li id="span-${at + 1}"><q>${span.text}</q> stands in a row of ${span.contributor}${span.row === null ? ', since withdrawn' : html`: <span class="quiet">${span.row}</span>`}</li>`,
      )}</ol></section>`

const rows = (told: Explained): Piece => {
  const [first] = told.rows
  if (first === undefined) return nothing
  return html`<section class="card"><h2>Rows with the most influence</h2><p class="quiet">Nats the answer would cost more without the row; below zero, the row spoke against it.</p>
<ol class="rows">${told.rows.map(
    row =>
      html`<li class="row"><header><span class="number influence">${row.influence > 0 ? '+' : ''}${natsText(row.influence)}</span> <span>${row.contributor}</span></header>
${row.question === null ? html`<p class="quiet">This row was withdrawn and its text erased.</p>` : html`<p class="question">${row.question}</p><p>${row.text}</p>`}</li>`,
  )}</ol></section>`
}

/** The answer with its copied words marked; where two overlap, the earlier mark stands. */
const marked = (told: Explained): Piece => {
  const pieces: Piece[] = []
  let at = 0
  for (const [number, span] of told.spans
    .map((span, number) => [number + 1, span] as const)
    .sort((a, b) => a[1].start - b[1].start)) {
    if (span.start < at) continue
    pieces.push(
      html`${told.answer.slice(at, span.start)}<a class="mark" href="#span-${number}"><mark>${told.answer.slice(span.start, span.end)}</mark><sup>${number}</sup></a>`,
    )
    at = span.end
  }
  return html`${pieces}${told.answer.slice(at)}`
}
