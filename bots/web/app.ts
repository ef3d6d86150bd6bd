import { randomUUID } from 'node:crypto'
import { type Context, Hono } from 'hono'
import { html } from 'hono/html'
import { isFault } from '../../infra/errors.ts'
import type { Address } from '../../tools/gateway/server.ts'
import { guardHeaders, guardOrigin } from './guard.ts'
import { sendPage } from './layout.ts'
import { accountPages } from './pages/account.ts'
import { chatPages } from './pages/chat.ts'
import { contributePages } from './pages/contribute.ts'
import { ledgerPages } from './pages/ledger.ts'
import { modelPages } from './pages/models.ts'
import { proposalPages } from './pages/proposals.ts'
import { proposePages } from './pages/propose.ts'
import { runPages } from './pages/runs.ts'
import { whyPages } from './pages/why.ts'
import type { Site } from './site.ts'
import { accountGone, type Env } from './visitors.ts'

/** The web page as one Hono app; `address` has the Host headers it answers to. */
export const createApp = (site: Site, address: () => Address): Hono<Env> => {
  const app = new Hono<Env>()
  app.use(guardHeaders())
  app.use(guardOrigin(address))
  app.route('/', site.assets.routes)
  app.get('/healthz', c => c.text('ok'))
  app.use(async (c, next) => {
    await site.visitors.visit(c)
    await next()
  })
  for (const pages of [
    chatPages,
    proposePages,
    proposalPages,
    contributePages,
    runPages,
    modelPages,
    whyPages,
    accountPages,
    ledgerPages,
  ])
    app.route('/', pages(site))
  app.notFound(c => sendFault(site, c, 404, 'There is no such page.', 'Choose a place above.'))
  app.onError((error, c) => onError(site, c, error))
  return app
}

const statusOf = (code: string): 400 | 403 | 404 | 413 => {
  if (code.endsWith('-unknown')) return 404
  if (code === 'body-too-large') return 413
  return ['not-allowed', 'host-foreign', 'origin-foreign', 'form-foreign'].includes(code) ? 403 : 400
}

const onError = (site: Site, c: Context<Env>, error: Error): Response | Promise<Response> => {
  if (accountGone(error)) {
    c.header('set-cookie', 'tributary=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax')
    return sendFault(
      site,
      c,
      404,
      'Your account is not on this node any more.',
      'Reload the page to start anew.',
    )
  }
  if (isFault(error) && (error.blame === 'person' || error.blame === 'world'))
    return sendFault(
      site,
      c,
      statusOf(error.code),
      site.session(c.get('visitor') ?? noVisitor).say.faults[error.code] ?? error.message,
      error.fix,
    )
  const incident = randomUUID()
  site.bot.network.log.error('page.failed', { incident, path: new URL(c.req.url).pathname, error })
  return sendFault(
    site,
    c,
    500,
    'Something went wrong on our side.',
    `The operator finds it in the log as incident ${incident.slice(0, 8)}.`,
  )
}

/** Before the cookie was read there is nobody; only refused requests come here. */
const noVisitor = {
  subject: '',
  accountId: null,
  name: null,
  caller: { role: 'anyone', accountId: null, surface: 'web' },
  csrf: '',
} as const

const sendFault = (
  site: Site,
  c: Context<Env>,
  status: 400 | 403 | 404 | 413 | 500,
  message: string,
  fix: string,
): Response | Promise<Response> => {
  if (c.get('visitor') === undefined) return c.text(`${message} ${fix}`, status)
  const body = html`<h1>${status === 404 ? 'Not found' : 'That did not work'}</h1><p class="alert" role="alert">${message} ${fix}</p><p class="buttons"><a class="button" href="/">Back to the chat</a></p>`
  return sendPage(site, c, { title: message, body }, status)
}
