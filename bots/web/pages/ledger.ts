import { Hono } from 'hono'
import { html } from 'hono/html'
import type { z } from 'zod'
import type { event } from '../../../tools/event.ts'
import type { events } from '../../../tools/events.ts'
import type { showReceipt } from '../../../tools/show-receipt.ts'
import { shortId } from '../../format.ts'
import { sendPage } from '../layout.ts'
import { fact, hash, nothing, type Piece, time, transaction } from '../pieces.ts'
import type { Site } from '../site.ts'
import type { Env } from '../visitors.ts'

type Events = z.output<typeof events.output>
type Event = z.output<typeof event.output>
type ShownReceipt = z.output<typeof showReceipt.output>

const filters = ['kind', 'subject', 'tx', 'before'] as const
type Chosen = Partial<Record<(typeof filters)[number], string>>

/** The public ledger: every state change, its hash chain, and the proof that it lies under a root on the chain. */
export const ledgerPages = (site: Site): Hono<Env> => {
  const routes = new Hono<Env>()
  routes.get('/ledger', async c => {
    const chosen = Object.fromEntries(
      filters.map(name => [name, c.req.query(name) ?? '']).filter(([, value]) => value !== ''),
    ) as Chosen
    const told = await site.use<typeof events>(c.get('visitor'), 'events', chosen)
    return sendPage(site, c, { title: 'Ledger', place: '/ledger', body: listHtml(told, chosen) })
  })
  routes.get('/ledger/:seq', async c => {
    const told = await site.use<typeof event>(c.get('visitor'), 'event', { seq: c.req.param('seq') })
    return sendPage(site, c, {
      title: `Event ${told.seq}`,
      place: '/ledger',
      body: eventHtml(told),
      scripts: ['proof.js'],
    })
  })
  routes.get('/receipts/:id', async c => {
    const told = await site.use<typeof showReceipt>(c.get('visitor'), 'receipt', {
      receipt: c.req.param('id'),
    })
    return sendPage(site, c, { title: 'Receipt', place: '/ledger', body: receiptHtml(told) })
  })
  return routes
}

const listHtml = (told: Events, { before: _, ...chosen }: Chosen): Piece => {
  const older = new URLSearchParams({ ...chosen, before: String(told.next ?? 1) })
  return html`<h1>Ledger</h1>
<p class="lead">Every state change, each bound to the one before it by its hash. Batches of them are anchored on the chain, so that nobody can rewrite them, not even the operator.</p>
<form class="inline filter" method="get" action="/ledger"><label>Kind <select name="kind"><option value="">all</option>${told.kinds.map(
    ({ kind, events }) =>
      html`<option value="${kind}"${kind === chosen.kind ? html` selected` : nothing}>${kind} (${events})</option>`,
  )}</select></label>${chosen.subject === undefined ? nothing : html`<label>About <input name="subject" value="${chosen.subject}" size="14"></label>`}${chosen.tx === undefined ? nothing : html`<label>Transaction <input name="tx" value="${chosen.tx}" size="14"></label>`}<button>Show</button></form>
<div class="scroll"><table class="ledger"><thead><tr><th scope="col" class="number">No.</th><th scope="col">Time</th><th scope="col">What happened</th><th scope="col">Who</th><th scope="col">About</th><th scope="col">Hash</th><th scope="col">On chain</th></tr></thead><tbody>
${told.events.map(
  item =>
    html`<tr><td class="number"><a href="/ledger/${item.seq}">${item.seq}</a></td><td class="nowrap">${time(item.at)}</td><td>${item.kind}</td><td>${/^[0-9a-f-]{36}$/.test(item.actor) ? hash(item.actor) : item.actor}</td><td><a href="/ledger?subject=${encodeURIComponent(item.subject)}">${shortId(item.subject)}</a></td><td>${hash(item.hash)}</td><td>${item.anchored ? 'yes' : html`<span class="quiet">not yet</span>`}</td></tr>`,
)}</tbody></table></div>
${told.next === null ? nothing : html`<p class="buttons"><a class="button" href="/ledger?${older.toString()}">Older events</a></p>`}
<section class="card"><h2>Anchors</h2>${
    told.anchors.length === 0
      ? html`<p class="empty">Nothing is anchored yet.</p>`
      : html`<div class="scroll"><table><thead><tr><th scope="col" class="number">Events</th><th scope="col">Merkle root</th><th scope="col">Transaction</th><th scope="col">Time</th></tr></thead><tbody>${told.anchors.map(
          item =>
            html`<tr><td class="number">${item.fromSeq}–${item.toSeq}</td><td>${hash(item.root)}</td><td>${transaction(item.tx)}</td><td class="nowrap">${time(item.at)}</td></tr>`,
        )}</tbody></table></div>`
  }</section>`
}

const eventHtml = (told: Event): Piece => {
  const seq = Number(told.seq)
  return html`<div class="headline"><h1>Event <span class="number">${told.seq}</span>: ${told.kind}</h1></div>
<nav class="buttons" aria-label="Events">${seq > 1 ? html`<a class="button" href="/ledger/${seq - 1}">Before</a>` : nothing}<a class="button" href="/ledger/${seq + 1}">After</a><a class="button" href="/ledger">All</a></nav>
<section class="card"><h2>What it says</h2><dl class="facts">
${fact('Time', time(told.at))}
${fact('Who', told.actorName)}
${fact('About', html`<a href="/ledger?subject=${encodeURIComponent(told.subject)}"><code class="hash whole">${told.subject}</code></a>`)}
${told.receipts.map(({ id, kind }) => fact('Receipt', html`<a href="/receipts/${id}">${kind}</a>`))}
</dl>${
    told.sealed
      ? html`<p class="empty">A ballot: sealed until its poll closes.</p>`
      : told.payload === null
        ? html`<p class="empty">What it said was erased; its hash stays.</p>`
        : html`<pre><code>${JSON.stringify(told.payload, null, 2)}</code></pre>`
  }</section>
<section class="card"><h2>Proof</h2><p class="quiet">Your own browser can check it: the salted payload gives the payload’s hash, that and the event before give this event’s hash, and the path leads from it to the root that the chain carries.</p>
<dl class="facts wide">
${fact('Salt', html`<code class="hash whole">${told.salt ?? 'erased or sealed'}</code>`)}
${fact('Hash of the payload', html`<code class="hash whole">${told.payloadHash}</code>`)}
${fact('Hash of the event before', html`<code class="hash whole">${told.prevHash}</code>`)}
${fact('Hash of this event', html`<code class="hash whole">${told.hash}</code>`)}
${told.anchor === null ? fact('Root', html`<span class="quiet">not anchored yet</span>`) : html`${fact('Root', html`<code class="hash whole">${told.anchor.root}</code> over events ${told.anchor.fromSeq}–${told.anchor.toSeq}`)}${fact('Transaction', html`<code class="hash whole">${told.anchor.tx ?? 'on its way'}</code>`)}`}
</dl>
<p class="buttons"><button type="button" data-check="${JSON.stringify(told)}">Check in this browser</button></p><ul class="checks" role="status"></ul>
${told.proof === null ? nothing : html`<details><summary>Merkle path, leaf ${told.proof.index} of ${told.proof.size}</summary><ol class="path">${told.proof.path.map(node => html`<li><code class="hash whole">${node}</code></li>`)}</ol></details>`}</section>`
}

const receiptHtml = (told: ShownReceipt): Piece =>
  html`<h1>Receipt for ${told.kind === 'answer' ? 'an answer' : `a ${told.kind}`}</h1>
<p class="lead">Signed by this node. Whoever holds it can prove what was promised, with nothing but the node’s public key.</p>
<section class="card"><h2>What is signed</h2><pre><code>${JSON.stringify(JSON.parse(told.text), null, 2)}</code></pre></section>
<section class="card"><h2>Proof</h2><dl class="facts wide">
${fact('Signature (Ed25519)', html`<code class="hash whole">${told.signature}</code>`)}
${fact('Key', html`<code class="hash whole">${told.keyId}</code>`)}
${fact('Signed bytes (RFC 8785)', html`<details><summary>show</summary><pre><code>${told.text}</code></pre></details>`)}
${fact('Ledger event', told.event === null ? 'none' : html`<a href="/ledger/${told.event.seq}">${told.event.seq}: ${told.event.kind}</a>`)}
${fact('Anchored', told.anchor === null ? html`<span class="quiet">not yet</span>` : html`root ${hash(told.anchor.root)}, transaction ${transaction(told.anchor.tx)}`)}
</dl></section>`
