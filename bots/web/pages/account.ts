import { Hono } from 'hono'
import { html } from 'hono/html'
import type { AccountStatus, account } from '../../../tools/account.ts'
import type { claim } from '../../../tools/claim.ts'
import type { deposit } from '../../../tools/deposit.ts'
import { guardBody, limits } from '../guard.ts'
import { sendPage } from '../layout.ts'
import { amount, fact, formFields, hash, nothing, type Piece, partBar, time, transaction } from '../pieces.ts'
import { readForm, type Site } from '../site.ts'
import type { Env, Visitor } from '../visitors.ts'
import { keysHtml } from './account-keys.ts'

/** What one has, earned and may claim, and why. */
export const accountPages = (site: Site): Hono<Env> => {
  const routes = new Hono<Env>()
  routes.get('/account', async c => {
    const visitor = c.get('visitor')
    const body =
      visitor.accountId === null
        ? joinHtml(visitor)
        : html`${accountHtml(await site.use<typeof account>(visitor, 'account', {}), visitor)}${await keysHtml(site, visitor)}`
    return sendPage(site, c, { title: 'Account', place: '/account', body })
  })
  routes.post('/account/join', guardBody(limits.form), async c => {
    await readForm(site, c)
    return c.redirect('/account', 303)
  })
  routes.post('/account/deposit', guardBody(limits.form), async c => {
    const form = await readForm(site, c)
    await site.use<typeof deposit>(
      form.visitor,
      'deposit',
      { tokens: form.text('tokens').trim() },
      { key: form.key },
    )
    return c.redirect('/account', 303)
  })
  routes.post('/account/claim', guardBody(limits.form), async c => {
    const form = await readForm(site, c)
    await site.use<typeof claim>(form.visitor, 'claim', {}, { key: form.key })
    return c.redirect('/account', 303)
  })
  return routes
}

const joinHtml = (visitor: Visitor): Piece =>
  html`<h1>Account</h1><p class="lead">You have no account yet. One is opened the first time you ask, vote or contribute, or here.</p>
<form method="post" action="/account/join" class="form">${formFields(visitor)}<p class="field"><label for="visitorName">What should others call you?</label><input id="visitorName" name="visitorName" required maxlength="60" autocomplete="nickname"></p>
<p class="buttons"><button class="primary">Open an account</button></p></form>`

const accountHtml = (told: AccountStatus, visitor: Visitor): Piece =>
  html`<h1>${told.name}</h1>
<section class="figures" aria-label="Your tokens">
<div><h2>Earned</h2><p class="figure">${amount(told.earnedUnits)}</p><p class="quiet">${amount(told.claimedUnits)} of it claimed</p></div>
<div><h2>Pending</h2><p class="figure">${amount(told.pendingUnits)}</p><p class="quiet">until its challenge window has passed</p></div>
<div><h2>To claim</h2><p class="figure">${amount(told.claimableUnits)}</p><form method="post" action="/account/claim">${formFields(visitor)}<button class="primary"${told.claimableUnits === '0' ? html` disabled` : nothing}>Claim to your wallet</button></form></div>
<div><h2>Balance</h2><p class="figure">${amount(told.balanceUnits)}</p><form method="post" action="/account/deposit" class="inline">${formFields(visitor)}<label class="sr" for="tokens">Tokens to move from your wallet</label><input id="tokens" name="tokens" value="5" inputmode="decimal" pattern="\\d+(\\.\\d{1,6})?" size="5" required><button>Top up</button></form></div>
</section>
<section class="card"><h2>Wallet</h2><dl class="facts">${fact('On the chain', amount(told.walletUnits))}${fact('Address', html`<code class="hash whole">${told.address}</code>`)}${fact('Account', hash(told.accountId))}</dl></section>
${shaped(told)}
${payouts(told)}
${submissions(told)}
${asked(told)}`

// The share stands second: a phone shows the first two columns, the others by scrolling.
const shaped = ({ shaped }: AccountStatus): Piece =>
  html`<section class="card"><h2>Why you earned it</h2>${
    shaped.length === 0
      ? html`<p class="empty">No answer has used your rows yet.</p>`
      : html`<div class="scroll"><table><thead><tr><th scope="col">Your rows</th><th scope="col">Your share</th><th scope="col">Model</th><th scope="col" class="number">Epoch</th></tr></thead><tbody>${shaped.map(
          row =>
            html`<tr><td>${row.rows.length === 0 ? html`<span class="quiet">rows since withdrawn, or not told apart</span>` : row.rows.map(own => html`<p>${own.question}</p>`)}</td><td>${partBar(row.share, 'Your share')}</td><td><a href="/models/${row.model}">${row.model}</a></td><td class="number">${row.epoch}</td></tr>`,
        )}</tbody></table></div>`
  }</section>`

const payouts = ({ payouts, claims }: AccountStatus): Piece =>
  payouts.length === 0
    ? nothing
    : html`<section class="card"><h2>Payouts</h2><div class="scroll"><table><thead><tr><th scope="col" class="number">Epoch</th><th scope="col">As</th><th scope="col" class="number">Tokens</th><th scope="col">State</th><th scope="col">Root on chain</th></tr></thead><tbody>${payouts.map(
        row =>
          html`<tr><td class="number">${row.epoch}</td><td>${row.kind}${row.provisional ? html` <span class="quiet">provisional</span>` : nothing}</td><td class="number">${amount(row.units)}</td><td>${row.state === 'active' ? 'payable' : row.activeAfter === null ? row.state : html`payable after ${time(row.activeAfter)}`}</td><td>${transaction(row.tx)}</td></tr>`,
      )}</tbody></table></div>${claims.length === 0 ? nothing : html`<h3>Claims</h3><ul>${claims.map(item => html`<li>${amount(item.units)} on ${time(item.at)}, transaction ${transaction(item.tx)}</li>`)}</ul>`}</section>`

const submissions = ({ submissions }: AccountStatus): Piece =>
  submissions.length === 0
    ? nothing
    : html`<section class="card"><h2>What you gave</h2><div class="scroll"><table><thead><tr><th scope="col">Sent</th><th scope="col">Model</th><th scope="col" class="number">Accepted</th><th scope="col" class="number">Refused</th><th scope="col" class="number">Undecided</th></tr></thead><tbody>${submissions.map(
        row =>
          html`<tr><td><a href="/submissions/${row.submissionId}">${time(row.receivedAt)}</a></td><td><a href="/proposals/${row.proposal}">${row.proposal}</a></td><td class="number">${row.rows.accepted}</td><td class="number">${row.rows.refused}</td><td class="number">${row.rows.received + row.rows.review}</td></tr>`,
      )}</tbody></table></div></section>`

const asked = ({ asked }: AccountStatus): Piece =>
  asked.length === 0
    ? nothing
    : html`<section class="card"><h2>What you asked</h2><div class="scroll"><table><thead><tr><th scope="col">Question</th><th scope="col">Model</th><th scope="col" class="number">Paid</th><th scope="col">Why?</th></tr></thead><tbody>${asked.map(
        row =>
          html`<tr><td>${row.question}</td><td><a href="/models/${row.model}">${row.model}</a></td><td class="number">${amount(row.priceUnits)}</td><td><a href="/why/${row.answerId}">why?</a>${row.receiptId === null ? nothing : html` · <a href="/receipts/${row.receiptId}">receipt</a>`}</td></tr>`,
      )}</tbody></table></div></section>`
