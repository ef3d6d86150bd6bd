import { Hono } from 'hono'
import { html } from 'hono/html'
import type { freeze } from '../../../tools/freeze.ts'
import type { pledge } from '../../../tools/pledge.ts'
import type { ProposalStatus, status } from '../../../tools/status.ts'
import type { vote } from '../../../tools/vote.ts'
import { guardBody, limits } from '../guard.ts'
import { sendPage } from '../layout.ts'
import { changes, stream } from '../live.ts'
import { nothing, type Piece } from '../pieces.ts'
import { actions, actionsKey, proposalCard, proposalDetail, record, standing } from '../proposal-html.ts'
import { readForm, type Site } from '../site.ts'
import type { Env, Visitor } from '../visitors.ts'

/** The lifecycle: every proposal with where it stands, updated as it moves; votes and pledges. */
export const proposalPages = (site: Site): Hono<Env> => {
  const routes = new Hono<Env>()
  const read = async (visitor: Visitor, name?: string): Promise<ProposalStatus[]> =>
    (await site.use<typeof status>(visitor, 'status', name === undefined ? {} : { proposal: name })).proposals

  routes.get('/proposals', async c => {
    const visitor = c.get('visitor')
    const proposals = await read(visitor)
    const body = html`<div class="headline"><h1>Proposals</h1><a class="button primary" href="/proposals/new">Propose a model</a></div>
<p class="lead">A model starts as a proposal. People vote on it, give it data, and are paid when its answers use what they gave.</p>
<div hx-sse:connect="/proposals/live" hx-swap="none">${listHtml(proposals)}</div>`
    return sendPage(site, c, { title: 'Proposals', place: '/proposals', body })
  })

  routes.get('/proposals/live', c => {
    const visitor = c.get('visitor')
    const send = changes()
    return stream(site, c, async out => {
      const proposals = await read(visitor)
      await send(out, 'proposals', listHtml(proposals))
      return true
    })
  })

  routes.get('/proposals/:name', async c => {
    const visitor = c.get('visitor')
    const proposal = (await read(visitor, c.req.param('name')))[0] as ProposalStatus
    const live = `/proposals/${proposal.name}/live?shown=${actionsKey(proposal)}`
    const body = html`<div class="stack" hx-sse:connect="${live}" hx-swap="none">${proposalDetail(proposal, visitor)}</div>`
    return sendPage(site, c, { title: proposal.name, place: '/proposals', body })
  })

  routes.get('/proposals/:name/live', c => {
    const visitor = c.get('visitor')
    const name = c.req.param('name')
    const send = changes({ actions: c.req.query('shown') ?? '' })
    return stream(site, c, async out => {
      const [proposal] = await read(visitor, name)
      if (proposal === undefined) return false
      await send(out, 'standing', standing(proposal))
      // A form that somebody is filling in is only replaced when what one may do has changed.
      await send(out, 'actions', actions(proposal, visitor), actionsKey(proposal))
      await send(out, 'record', record(proposal))
      return true
    })
  })

  routes.post('/proposals/:name/vote', guardBody(limits.form), async c => {
    const form = await readForm(site, c)
    const name = c.req.param('name')
    await site.use<typeof vote>(
      form.visitor,
      'vote',
      { proposal: name, choice: form.text('choice') === 'yes' ? 'yes' : 'no' },
      { key: form.key },
    )
    return c.redirect(`/proposals/${encodeURIComponent(name)}`, 303)
  })

  routes.post('/proposals/:name/pledge', guardBody(limits.form), async c => {
    const form = await readForm(site, c)
    const name = c.req.param('name')
    await site.use<typeof pledge>(
      form.visitor,
      'pledge',
      { proposal: name, tokens: form.text('tokens').trim() },
      { key: form.key },
    )
    return c.redirect(`/proposals/${encodeURIComponent(name)}`, 303)
  })
  routes.post('/proposals/:name/freeze', guardBody(limits.form), async c => {
    const form = await readForm(site, c)
    const name = c.req.param('name')
    await site.use<typeof freeze>(form.visitor, 'freeze', { proposal: name }, { key: form.key })
    return c.redirect(`/proposals/${encodeURIComponent(name)}`, 303)
  })
  return routes
}

const listHtml = (proposals: readonly ProposalStatus[]): Piece =>
  html`<div id="proposals" class="stack">${
    proposals.length === 0 ? html`<p class="empty">There are no proposals yet.</p>` : nothing
  }${proposals.map(proposal => proposalCard(proposal))}</div>`
