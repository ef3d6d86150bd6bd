import { Hono } from 'hono'
import { html } from 'hono/html'
import type { z } from 'zod'
import { isFault } from '../../../infra/errors.ts'
import type { propose } from '../../../tools/propose.ts'
import { parseRows } from '../../rows.ts'
import { guardBody, limits } from '../guard.ts'
import { sendPage } from '../layout.ts'
import { alert, formFields, type Piece } from '../pieces.ts'
import { type Form, readForm, type Site } from '../site.ts'
import type { Env, Visitor } from '../visitors.ts'

const fields = [
  'name',
  'purpose',
  'dataWanted',
  'licences',
  'rowsWanted',
  'minimumImprovement',
  'price',
  'bond',
  'minutes',
  'evaluation',
] as const
type Values = Record<(typeof fields)[number], string>

const blank: Values = {
  name: '',
  purpose: '',
  dataWanted: '',
  licences: 'CC0-1.0, CC-BY-4.0',
  rowsWanted: '200',
  minimumImprovement: '10',
  price: '0.05',
  bond: '25',
  minutes: '10',
  evaluation: '',
}

/** The form of a proposal; what cannot be used is said above it, and nothing typed is lost. */
export const proposePages = (site: Site): Hono<Env> => {
  const routes = new Hono<Env>()
  routes.get('/proposals/new', c =>
    sendPage(site, c, {
      title: 'Propose a model',
      place: '/proposals',
      body: formHtml(c.get('visitor'), blank, null),
    }),
  )
  routes.post('/proposals', guardBody(limits.rows), async c => {
    const form = await readForm(site, c)
    const values = Object.fromEntries(fields.map(name => [name, form.text(name)])) as Values
    try {
      const made = await site.use<typeof propose>(form.visitor, 'propose', await inputOf(form, values), {
        key: form.key,
      })
      return c.redirect(`/proposals/${made.name}`, 303)
    } catch (error) {
      if (!isFault(error) || error.blame !== 'person') throw error
      const body = formHtml(form.visitor, values, `${error.message} ${error.fix}`)
      return sendPage(site, c, { title: 'Propose a model', place: '/proposals', body }, 400)
    }
  })
  return routes
}

const inputOf = async (form: Form, values: Values): Promise<z.input<(typeof propose)['input']>> => {
  const file = form.file('file')
  return {
    name: values.name.trim(),
    purpose: values.purpose,
    dataWanted: values.dataWanted,
    licences: values.licences
      .split(',')
      .map(part => part.trim())
      .filter(part => part !== ''),
    rowsWanted: Number(values.rowsWanted),
    minimumImprovement: Number(values.minimumImprovement),
    price: values.price.trim(),
    bond: values.bond.trim(),
    pollSeconds: Math.round(Number(values.minutes) * 60),
    evaluation: parseRows(file === null ? values.evaluation : await file.text()).map(
      ({ question, answer }) => ({ question, answer }),
    ),
  }
}

const formHtml = (visitor: Visitor, values: Values, fault: string | null): Piece => {
  const field = (name: keyof Values, label: string, hint: string, more: Piece = html``) =>
    html`<p class="field"><label for="${name}">${label}</label><input id="${name}" name="${name}" value="${values[name]}" aria-describedby="${name}-hint" required ${more}><span class="hint" id="${name}-hint">${hint}</span></p>`
  const area = (name: keyof Values, label: string, hint: string, rows: number, more: Piece = html``) =>
    html`<p class="field"><label for="${name}">${label}</label><textarea id="${name}" name="${name}" rows="${rows}" aria-describedby="${name}-hint" ${more}>${values[name]}</textarea><span class="hint" id="${name}-hint">${hint}</span></p>`
  return html`<h1>Propose a model</h1>
<p class="lead">These terms are voted on, and from then on they stand: what data it takes, how it is judged, what it costs and whom it pays.</p>
${alert(fault)}
<form method="post" action="/proposals" enctype="multipart/form-data" class="form">${formFields(visitor)}
<fieldset><legend>The model</legend>
${field('name', 'Name', 'Lower-case letters, digits and hyphens, such as med-qa.', html`pattern="[a-z][a-z0-9]*(-[a-z0-9]+)*" minlength="3" maxlength="40" autocomplete="off"`)}
${area('purpose', 'Purpose', 'Whom it helps, and with what. At least 20 characters.', 3, html`required minlength="20" maxlength="600"`)}
</fieldset>
<fieldset><legend>Its data</legend>
${area('dataWanted', 'Questions and answers it needs', 'At least 10 characters.', 3, html`required minlength="10" maxlength="600"`)}
${field('rowsWanted', 'Accepted rows needed', 'It is tuned once it has them.', html`type="number" min="10" max="1000000"`)}
${field('licences', 'Licences accepted', 'SPDX names, comma-separated.')}
</fieldset>
<fieldset><legend>How it is judged</legend>
${area('evaluation', 'Held-out questions', 'At least ten with answers, one "question | answer" a line, JSON Lines or CSV. Nobody may train on them; only their hash is shown.', 6)}
<p class="field"><label for="file">… or a file of them</label><input id="file" name="file" type="file" accept=".jsonl,.json,.csv,.tsv,.txt"></p>
${field('minimumImprovement', 'Must beat the base by, percent', 'Part of the base model’s loss that has to go on these questions.', html`type="number" min="1" max="95" step="any"`)}
</fieldset>
<fieldset><legend>Money</legend>
${field('price', 'Price of a question, tokens', 'Divided among contributors, proposer, compute and the commons.', html`inputmode="decimal"`)}
${field('bond', 'Your bond, tokens', 'Held on chain; it comes back as you deliver.', html`inputmode="decimal"`)}
${field('minutes', 'Minutes of voting', '', html`type="number" min="1" step="any"`)}
</fieldset>
<p class="buttons"><button class="primary">Post the bond and open the vote</button></p>
</form>`
}
