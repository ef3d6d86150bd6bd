import { randomUUID } from 'node:crypto'
import { Hono } from 'hono'
import { html } from 'hono/html'
import { streamSSE } from 'hono/streaming'
import { converse } from '../../conversation.ts'
import { tokensText } from '../../format.ts'
import { tellNotices } from '../../notices.ts'
import type { Reply } from '../../reply.ts'
import { readDirectory, type Session } from '../../session.ts'
import { guardBody, limits } from '../guard.ts'
import { sendPage } from '../layout.ts'
import { formFields, nothing, type Piece } from '../pieces.ts'
import { replyHtml } from '../reply-html.ts'
import { readForm, type Site } from '../site.ts'
import type { Env, Visitor } from '../visitors.ts'

/** The chat: the same conversation as in a terminal, its replies streamed as they are made. */
export const chatPages = (site: Site): Hono<Env> => {
  const routes = new Hono<Env>()
  routes.get('/', async c => {
    const visitor = c.get('visitor')
    const wanted = c.req.query('model')
    if (wanted !== undefined) site.session(visitor).model = wanted.toLowerCase().split('@')[0] ?? null
    return sendPage(site, c, { title: 'Chat', place: '/', body: await chatBody(site, visitor, nothing) })
  })
  routes.post('/chat', guardBody(limits.form), async c => {
    const form = await readForm(site, c)
    const line = form.text('line').slice(0, 20_000)
    const session = site.session(form.visitor)
    if (c.req.header('hx-request') === undefined)
      return sendPage(site, c, await plainAnswer(site, form.visitor, session, line))
    c.header('x-accel-buffering', 'no')
    return streamSSE(c, async send => {
      const left = new AbortController()
      send.onAbort(() => left.abort())
      const turn = openTurn(form.visitor, line, data => void send.writeSSE({ data }))
      await speak(site, session, line, turn.say, AbortSignal.any([left.signal, site.closing]))
      await turn.end()
    })
  })
  return routes
}

/** Answers a line; a form has no line end of its own, so rows that a dialogue collects are complete with it. */
const speak = async (
  site: Site,
  session: Session,
  line: string,
  say: (reply: Reply) => void,
  signal: AbortSignal,
): Promise<void> => {
  await tellNotices(site.bot, session, say).catch(() => 0)
  const asked = session.pending
  await converse(site.bot, session, line, say, { signal })
  if (asked?.kind === 'dialogue' && session.pending === asked && asked.lines.length > 0)
    await converse(site.bot, session, '', say, { signal })
}

/** Writes one turn as partial updates of the chat's log: the person's line, then every reply as it comes. */
const openTurn = (visitor: Visitor, line: string, write: (data: string) => void) => {
  const id = `turn-${randomUUID()}`
  let part: string | null = null
  let queue: Promise<void> = Promise.resolve()
  const add = (target: string, piece: Piece): void => {
    queue = queue.then(async () =>
      write(`<hx-partial hx-target="#${target}" hx-swap="beforeend">${await piece}</hx-partial>`),
    )
  }
  add('log', turnHtml(id, line, nothing, true))
  return {
    say: (reply: Reply): void => {
      if (reply.kind !== 'part') {
        part = null
        add(id, replyHtml(reply, visitor))
        return
      }
      if (part === null) {
        part = `part-${randomUUID()}`
        add(id, html`<p class="answer" id="${part}"></p>`)
      }
      add(part, html`${reply.text}`)
    },
    end: async (): Promise<void> => {
      await queue
    },
  }
}

const turnHtml = (id: string, line: string, replies: Piece, busy = false): Piece =>
  html`<article class="turn"><p class="mine"><span class="sr">You: </span>${line}</p><div class="theirs" id="${id}"${busy ? html` aria-busy="true"` : nothing}>${replies}</div></article>`

/** Without scripts: the whole answer at once, on a page of its own. */
const plainAnswer = async (site: Site, visitor: Visitor, session: Session, line: string) => {
  const said: Reply[] = []
  await speak(site, session, line, reply => said.push(reply), site.closing)
  const joined: Reply[] = []
  for (const reply of said) {
    const last = joined.at(-1)
    if (reply.kind === 'part' && last?.kind === 'part')
      joined[joined.length - 1] = { kind: 'part', text: last.text + reply.text }
    else joined.push(reply)
  }
  const replies = joined.map(reply =>
    reply.kind === 'part' ? html`<p class="answer">${reply.text}</p>` : replyHtml(reply, visitor),
  )
  const body = await chatBody(site, visitor, turnHtml('turn', line, html`${replies}`))
  return { title: 'Chat', place: '/' as const, body }
}

const chatBody = async (site: Site, visitor: Visitor, log: Piece): Promise<Piece> => {
  const session = site.session(visitor)
  const { models: names } = await readDirectory(site.bot, session)
  const current = names.find(({ name }) => name === session.model)
  // Another page may have named a model that is not released.
  session.model = current?.name ?? null
  const others = names.filter(({ name }) => name !== current?.name)
  return html`<div class="chat">
<h1 class="sr">Chat</h1>
<div id="log" class="log" role="log" aria-live="polite" aria-label="Conversation">
<div class="welcome">${
    names.length === 0
      ? html`<p>No model has been released yet. <a href="/proposals">See what is under way</a>, or <a href="/proposals/new">propose one</a>.</p>`
      : html`<p>${current === undefined ? nothing : html`Questions go to <a href="/models/${current.name}">${current.name}@${current.version}</a>, ${tokensText(current.priceUnits)} tokens each. `}Every answer tells whose contributions shaped it.</p>`
  }${
    others.length === 0
      ? nothing
      : html`<p>${current === undefined ? 'Whom do you want to ask?' : 'Or ask'} ${others.map(({ name }) => html`<a href="/?model=${name}">${name}</a> `)}</p>`
  }
<p class="quiet">Commands work too: <code>/status</code>, <code>/propose</code>, <code>/vote</code>, <code>/contribute</code>, <code>/why</code>, <code>/claim</code>, <code>/help</code>.</p></div>
${log}</div>
<form id="ask" class="ask" method="post" action="/chat" hx-post="/chat" hx-target="#log" hx-swap="beforeend">
${formFields(visitor)}
<label class="sr" for="line">Your message</label>
<textarea id="line" name="line" rows="1" autofocus placeholder="${current === undefined ? 'Type a command' : `Ask ${current.name}`}" maxlength="20000"></textarea>
<button class="primary">Send</button>
</form></div>`
}
