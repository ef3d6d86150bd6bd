import { Hono } from 'hono'
import { html } from 'hono/html'
import { isFault } from '../../../infra/errors.ts'
import type { contribute } from '../../../tools/contribute.ts'
import type { status } from '../../../tools/status.ts'
import type { SubmissionStatus, submission } from '../../../tools/submission.ts'
import type { withdraw } from '../../../tools/withdraw.ts'
import { fileEndings, readRowsFile } from '../../files.ts'
import { countText } from '../../format.ts'
import { parseRows } from '../../rows.ts'
import { guardBody, limits } from '../guard.ts'
import { sendPage } from '../layout.ts'
import { changes, stream } from '../live.ts'
import { alert, formFields, nothing, type Piece, time } from '../pieces.ts'
import { readForm, type Site } from '../site.ts'
import type { Env, Visitor } from '../visitors.ts'

/** Giving rows by form or file, and what became of each. */
export const contributePages = (site: Site): Hono<Env> => {
  const routes = new Hono<Env>()
  const showForm = async (
    visitor: Visitor,
    name: string,
    values: { rows: string; licence: string },
    fault: string | null,
  ) => {
    const { proposals } = await site.use<typeof status>(visitor, 'status', { proposal: name })
    const [proposal] = proposals
    return formHtml(visitor, name, proposal?.dataWanted ?? '', proposal?.licences ?? [], values, fault)
  }

  routes.get('/proposals/:name/contribute', async c => {
    const name = c.req.param('name')
    const body = await showForm(c.get('visitor'), name, { rows: '', licence: '' }, null)
    return sendPage(site, c, { title: `Contribute to ${name}`, place: '/proposals', body })
  })

  routes.post('/proposals/:name/contribute', guardBody(limits.rows), async c => {
    const form = await readForm(site, c)
    const name = c.req.param('name')
    const values = { rows: form.text('rows'), licence: form.text('licence') }
    try {
      const file = form.file('file')
      const sent = await site.use<typeof contribute>(
        form.visitor,
        'contribute',
        {
          proposal: name,
          licence: values.licence,
          // An unticked box is refused by the verb's schema, which says what it is for.
          rights: (form.text('rights') === 'yes') as true,
          rows:
            file === null
              ? parseRows(values.rows)
              : await readRowsFile(file.name, new Uint8Array(await file.arrayBuffer())),
        },
        { key: form.key },
      )
      return c.redirect(`/submissions/${sent.submissionId}`, 303)
    } catch (error) {
      if (!isFault(error) || error.blame !== 'person') throw error
      const body = await showForm(form.visitor, name, values, `${error.message} ${error.fix}`)
      return sendPage(site, c, { title: `Contribute to ${name}`, place: '/proposals', body }, 400)
    }
  })

  routes.get('/submissions/:id', async c => {
    const visitor = c.get('visitor')
    const found = await site.use<typeof submission>(visitor, 'submission', { submission: c.req.param('id') })
    const body = html`<div hx-sse:connect="/submissions/${found.submissionId}/live" hx-swap="none">${rowsHtml(found, visitor)}</div>`
    return sendPage(site, c, { title: `Rows for ${found.proposal}`, place: '/proposals', body })
  })

  routes.get('/submissions/:id/live', c => {
    const visitor = c.get('visitor')
    const id = c.req.param('id')
    const send = changes()
    return stream(site, c, async out => {
      const found = await site.use<typeof submission>(visitor, 'submission', { submission: id })
      await send(out, 'rows', rowsHtml(found, visitor), found.rows.map(({ state }) => state).join())
      return true
    })
  })

  routes.post('/contributions/:id/withdraw', guardBody(limits.form), async c => {
    const form = await readForm(site, c)
    await site.use<typeof withdraw>(
      form.visitor,
      'withdraw',
      { contribution: c.req.param('id') },
      { key: form.key },
    )
    return c.redirect(`/submissions/${form.text('submission')}`, 303)
  })
  return routes
}

const formHtml = (
  visitor: Visitor,
  name: string,
  wanted: string,
  licences: readonly string[],
  values: { rows: string; licence: string },
  fault: string | null,
): Piece => html`<h1>Contribute to ${name}</h1>
<p class="lead">${wanted}</p>
${alert(fault)}
<form method="post" action="/proposals/${name}/contribute" enctype="multipart/form-data" class="form">${formFields(visitor)}
<fieldset><legend>Rows</legend>
<p class="field"><label for="rows">Questions with answers</label><textarea id="rows" name="rows" rows="10" aria-describedby="rows-hint" placeholder="What is a nuc? | A small hive with few frames.">${values.rows}</textarea><span class="hint" id="rows-hint">One “question | answer” a line, or pasted JSON Lines or CSV with the columns question and answer.</span></p>
<p class="field"><label for="file">… or a file</label><input id="file" name="file" type="file" accept="${fileEndings.map(ending => `.${ending}`).join()}"></p>
</fieldset>
<fieldset><legend>Rights</legend>
<p class="field"><label for="licence">Licence</label><select id="licence" name="licence">${licences.map(
  licence => html`<option${licence === values.licence ? html` selected` : nothing}>${licence}</option>`,
)}</select></p>
<p class="check"><input id="rights" name="rights" type="checkbox" value="yes" required><label for="rights">These rows are mine to give under this licence, and hold nobody’s personal data. I can withdraw them later.</label></p>
</fieldset>
<p class="buttons"><button class="primary">Send the rows</button></p>
</form>`

const rowsHtml = (found: SubmissionStatus, visitor: Visitor): Piece => {
  const count = (state: string) => found.rows.filter(row => row.state === state).length
  const waiting = count('received')
  return html`<section id="rows" class="stack"><h1>Rows for <a href="/proposals/${found.proposal}">${found.proposal}</a></h1>
<p class="lead">${countText(found.rows.length, 'row')} sent ${time(found.receivedAt)}: <span class="number">${count('accepted')}</span> accepted, <span class="number">${count('refused')}</span> refused${count('review') > 0 ? `, ${count('review')} for a human to look at` : ''}${waiting > 0 ? html`, <span class="number">${waiting}</span> being checked now` : nothing}.</p>
<ol class="rows">${found.rows.map(row => rowHtml(row, found.submissionId, visitor))}</ol></section>`
}

const stateWords: Readonly<Record<string, string>> = {
  received: 'being checked',
  accepted: 'accepted',
  refused: 'refused',
  review: 'for review',
  withdrawn: 'withdrawn',
}

const rowHtml = (row: SubmissionStatus['rows'][number], submissionId: string, visitor: Visitor): Piece =>
  html`<li class="row ${row.state}" id="row-${row.id}"><header><span class="state ${row.state}">${stateWords[row.state] ?? row.state}</span>${row.reason === null ? nothing : html`<span class="quiet">${row.reason}</span>`}</header>
${row.question === null ? html`<p class="quiet">The text was not stored.</p>` : html`<p class="question">${row.question}</p><p>${row.answer}</p>`}
${row.message === null ? nothing : html`<p class="say ${row.state === 'refused' ? 'bad' : 'plain'}">${row.message} ${row.fix ?? ''}</p>`}
${row.first === null ? nothing : html`<blockquote><p class="quiet">The first one, by ${row.first.contributor}:</p><p class="question">${row.first.question ?? '(withdrawn)'}</p><p>${row.first.answer ?? ''}</p></blockquote>`}
${row.state !== 'accepted' ? nothing : html`<details><summary>Withdraw</summary><form method="post" action="/contributions/${row.id}/withdraw" class="inline">${formFields(visitor)}<input type="hidden" name="submission" value="${submissionId}"><p>Its text is erased at once and cannot be had back.</p><button class="danger">Erase this row</button></form></details>`}</li>`
