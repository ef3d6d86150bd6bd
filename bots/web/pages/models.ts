import { Hono } from 'hono'
import { html } from 'hono/html'
import { fault } from '../../../infra/errors.ts'
import type { ModelCard, models } from '../../../tools/models.ts'
import { countText, improvementText, natsText, tokensText } from '../../format.ts'
import { sendPage } from '../layout.ts'
import { amount, fact, hash, type Piece, partBar, time, transaction } from '../pieces.ts'
import type { Site } from '../site.ts'
import type { Env } from '../visitors.ts'

/** The released models and their cards. */
export const modelPages = (site: Site): Hono<Env> => {
  const routes = new Hono<Env>()
  routes.get('/models', async c => {
    const { models: cards } = await site.use<typeof models>(c.get('visitor'), 'models', {})
    const body = html`<h1>Models</h1>${
      cards.length === 0
        ? html`<p class="empty">No model has been released yet. <a href="/proposals">See what is under way.</a></p>`
        : html`<div class="stack">${cards.map(summary)}</div>`
    }`
    return sendPage(site, c, { title: 'Models', place: '/models', body })
  })
  routes.get('/models/:name', async c => {
    const name = c.req.param('name')
    const [wanted, version] = name.split('@')
    const { models: cards } = await site.use<typeof models>(c.get('visitor'), 'models', {
      model: wanted ?? name,
    })
    const card = cards.find(item => version === undefined || String(item.version) === version)
    if (card === undefined)
      throw fault('model-unknown', `No model "${name}" has been released.`, {
        fix: 'Look at the list of models.',
      })
    return sendPage(site, c, {
      title: `${card.name}@${card.version}`,
      place: '/models',
      body: cardHtml(card, cards),
    })
  })
  return routes
}

const summary = (card: ModelCard): Piece =>
  html`<article class="card"><header><h2><a href="/models/${card.name}@${card.version}">${card.name}@${card.version}</a></h2><span>${amount(card.priceUnits)} a question</span></header>
<p>${card.purpose}</p>
<p class="quiet"><span class="number">${card.rows}</span> rows by <span class="number">${card.contributors.length}</span> people · removes <span class="number">${improvementText(card.evaluation.baseLoss, card.evaluation.adapterLoss)}</span> of the base model’s loss · ${countText(card.answers, 'answer')}</p></article>`

const cardHtml = (card: ModelCard, versions: readonly ModelCard[]): Piece => {
  const most = Math.max(1, card.rows)
  return html`<div class="headline"><h1>${card.name}@${card.version}</h1><a class="button primary" href="/?model=${card.name}">Ask it</a></div>
<p class="lead">${card.purpose}</p>
<section class="card"><h2>Card</h2><dl class="facts">
${fact('Proposer', card.proposer)}
${fact('Released', time(card.releasedAt))}
${fact('Price', html`${amount(card.priceUnits)} a question`)}
${fact('Base model', html`${card.base.name}, ${hash(card.base.hash)}`)}
${fact('Adapter', html`LoRA${card.rank === null ? '' : ` of rank ${card.rank}`}, ${hash(card.adapterHash)}`)}
${fact('Asked', html`${countText(card.answers, 'answer')}, <span class="number">${card.thumbs.up}</span> good, <span class="number">${card.thumbs.down}</span> bad`)}
${fact(
  'Split of income',
  Object.entries(card.split)
    .map(([who, part]) => `${who} ${part} %`)
    .join(', '),
)}
</dl></section>
<section class="card"><h2>How it was judged</h2><dl class="facts">
${fact('Held-out questions', card.evaluation.rows)}
${fact('Loss of the base', html`<span class="number">${natsText(card.evaluation.baseLoss)}</span> nats a token`)}
${fact('Loss of the model', html`<span class="number">${natsText(card.evaluation.adapterLoss)}</span> nats a token`)}
${fact('Loss gone', html`<span class="number">${improvementText(card.evaluation.baseLoss, card.evaluation.adapterLoss)}</span>, at least <span class="number">${card.evaluation.minimumImprovement} %</span> was promised`)}
${fact('Training', html`<a href="/runs/${card.runId}">run and loss curve</a>`)}
</dl></section>
<section class="card"><h2>What is in it</h2><dl class="facts">
${fact('Rows', html`<span class="number">${card.rows}</span>, root ${hash(card.snapshotRoot)}, transaction ${transaction(card.snapshotTx)}`)}
${fact('Licences', card.licences.map(({ licence, rows }) => `${licence} (${rows})`).join(', '))}
${fact('Release', html`transaction ${transaction(card.releaseTx)}`)}
</dl>
<div class="scroll"><table><caption>People whose rows are in it</caption><thead><tr><th scope="col">Who</th><th scope="col" class="number">Rows</th><th scope="col">Part</th></tr></thead>
<tbody>${card.contributors.map(({ name, rows }) => html`<tr><td>${name}</td><td class="number">${rows}</td><td>${partBar(rows / most, `Part of the rows by ${name}`)}</td></tr>`)}</tbody></table></div></section>
${
  versions.length < 2
    ? html``
    : html`<section class="card"><h2>Versions</h2><ul>${versions.map(({ name, version, priceUnits }) => html`<li><a href="/models/${name}@${version}">${name}@${version}</a>, ${tokensText(priceUnits)} tokens</li>`)}</ul></section>`
}`
}
