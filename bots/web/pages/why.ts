import { Hono } from 'hono'
import { html } from 'hono/html'
import type { explain } from '../../../tools/explain.ts'
import type { feedback } from '../../../tools/feedback.ts'
import { abstentionText, type Explained } from '../../explanation.ts'
import { english } from '../../sentences.ts'
import { guardBody, limits } from '../guard.ts'
import { sendPage } from '../layout.ts'
import { formFields, nothing, type Piece } from '../pieces.ts'
import { readForm, type Site } from '../site.ts'
import type { Env, Visitor } from '../visitors.ts'
import { contributorsHtml, markedHtml, rowsHtml, spansHtml, surenessHtml } from '../why-html.ts'

/** Why an answer came out as it did: whose rows shaped it, which words stand in a row, and what is left. */
export const whyPages = (site: Site): Hono<Env> => {
  const routes = new Hono<Env>()
  routes.get('/why/:answer', async c => {
    const visitor = c.get('visitor')
    const told = await site.use<typeof explain>(visitor, 'explain', { answer: c.req.param('answer') })
    // The page that waits asks again and again: it is loaded anew once there is something to see, with its marks.
    if (c.req.header('hx-request') !== undefined) {
      if (told.measured) c.header('hx-refresh', 'true')
      return c.body(null, told.measured ? 200 : 204)
    }
    const thanks = c.req.query('thanks') !== undefined
    return sendPage(site, c, {
      title: 'Why?',
      place: '/',
      body: whyHtml(told, visitor, thanks, site.pollMs),
      styles: ['why.css'],
    })
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

const whyHtml = (told: Explained, visitor: Visitor, thanks: boolean, pollMs: number): Piece =>
  html`<h1>Why this answer?</h1>
<section class="card"><p class="mine">${told.question}</p><p class="answer">${markedHtml(told)}</p>
<p class="quiet"><a href="/models/${told.model}">${told.model}</a>${told.receiptId === null ? nothing : html` · <a href="/receipts/${told.receiptId}">signed receipt</a>`}</p>
${thanks ? html`<p class="say good" role="status">${english.thanks}</p>` : html`<form method="post" action="/why/${told.answerId}/feedback" class="buttons">${formFields(visitor)}<button name="thumb" value="1">Good answer</button><button name="thumb" value="-1">Bad answer</button></form>`}</section>
${told.measured ? measured(told) : waiting(told, pollMs)}`

const waiting = (told: Explained, pollMs: number): Piece =>
  html`<p class="empty" role="status" hx-get="/why/${told.answerId}" hx-trigger="every ${pollMs}ms" hx-swap="none">${english.explaining.measuring(told.ageSeconds)}</p>`

const measured = (told: Explained): Piece => {
  const abstained = abstentionText(told, english)
  return html`${abstained === null ? nothing : html`<p class="alert">${abstained}</p>`}
${spansHtml(told)}
${contributorsHtml(told)}
${rowsHtml(told)}
${surenessHtml(told)}`
}
