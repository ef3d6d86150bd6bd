import { Hono } from 'hono'
import { html } from 'hono/html'
import type { RunStatus, run } from '../../../tools/run.ts'
import { durationText, improvementText, natsText } from '../../format.ts'
import { sendPage } from '../layout.ts'
import { changes, stream } from '../live.ts'
import { fact, hash, nothing, type Piece, time } from '../pieces.ts'
import { progressHtml } from '../reply-html.ts'
import type { Site } from '../site.ts'
import type { Env } from '../visitors.ts'

/** A training run: its recipe, progress and loss curve, drawn while it runs. */
export const runPages = (site: Site): Hono<Env> => {
  const routes = new Hono<Env>()
  routes.get('/runs/:id', async c => {
    const found = await site.use<typeof run>(c.get('visitor'), 'run', { run: c.req.param('id') })
    const body = html`<h1>Run of <a href="/proposals/${found.model}">${found.model}</a></h1>
<div hx-sse:connect="/runs/${found.id}/live" hx-swap="none" class="stack">${headHtml(found)}</div>
<section class="card"><h2>Loss</h2><div class="chart" data-chart="/runs/${found.id}/points" role="img" aria-label="Training loss in nats a token over steps; the numbers stand in the table below"></div>
<details><summary>Numbers</summary>${pointsHtml(found)}</details></section>
<section class="card"><h2>Recipe</h2><dl class="facts">${Object.entries(found.recipe).map(([name, value]) =>
      fact(
        words(name),
        Array.isArray(value)
          ? value.join(', ')
          : typeof value === 'object'
            ? JSON.stringify(value)
            : String(value),
      ),
    )}</dl></section>`
    return sendPage(site, c, {
      title: `Run of ${found.model}`,
      place: '/proposals',
      body,
      styles: ['uplot.css'],
      scripts: ['uplot.js', 'chart.js'],
    })
  })

  routes.get('/runs/:id/live', c => {
    const visitor = c.get('visitor')
    const id = c.req.param('id')
    const send = changes()
    return stream(site, c, async out => {
      const found = await site.use<typeof run>(visitor, 'run', { run: id, after: Number.MAX_SAFE_INTEGER })
      await send(out, 'run', headHtml(found))
      return found.state === 'queued' || found.state === 'training' || found.evaluation === null
    })
  })

  // The curve as JSON events, for the chart: the whole of it first, then what comes.
  routes.get('/runs/:id/points', c => {
    const visitor = c.get('visitor')
    const id = c.req.param('id')
    let after = 0
    return stream(site, c, async out => {
      const found = await site.use<typeof run>(visitor, 'run', { run: id, after })
      after = found.points.at(-1)?.step ?? after
      const ended = found.state === 'trained' || found.state === 'failed'
      if (found.points.length > 0)
        await out.writeSSE({ data: JSON.stringify(found.points.map(({ step, loss }) => [step, loss])) })
      if (ended) await out.writeSSE({ event: 'ended', data: '' })
      return !ended
    })
  })
  return routes
}

const words = (name: string): string =>
  name
    .replace(/([A-Z])/g, ' $1')
    .toLowerCase()
    .replace(/^./, first => first.toUpperCase())

const headHtml = (found: RunStatus): Piece => {
  const { progress, result, evaluation } = found
  return html`<section class="card" id="run"><dl class="facts">
${fact('State', html`<span class="state ${found.state}">${found.state}</span>${found.reason === null ? '' : ` ${found.reason}`}`)}
${found.startedAt === null ? nothing : fact('Started', time(found.startedAt))}
${result === null ? nothing : fact('Trained', html`<span class="number">${result.steps}</span> steps, <span class="number">${result.tokens.toLocaleString('en-US')}</span> tokens in ${durationText(result.seconds)}, <span class="number">${Math.round(result.tokensPerSecond).toLocaleString('en-US')}</span> tokens/s`)}
${result === null ? nothing : fact('Training loss', html`<span class="number">${natsText(result.firstLoss)}</span> to <span class="number">${natsText(result.lastLoss)}</span> nats a token`)}
${evaluation === null ? nothing : fact('Held-out loss', html`<span class="number">${natsText(evaluation.adapterLoss)}</span> nats a token, base <span class="number">${natsText(evaluation.baseLoss)}</span>: <span class="number">${improvementText(evaluation.baseLoss, evaluation.adapterLoss)}</span> gone, ${evaluation.passed ? 'passed' : `not passed: ${evaluation.reason ?? ''}`}`)}
${found.adapterHash === null ? nothing : fact('Adapter', hash(found.adapterHash))}
${found.worker === null ? nothing : fact('Worker', found.worker)}
</dl>${
    found.state === 'training' && progress?.steps !== undefined
      ? progressHtml({
          kind: 'progress',
          label: 'Progress',
          step: progress.step ?? 0,
          steps: progress.steps,
          ...(progress.loss === undefined ? {} : { loss: progress.loss }),
          ...(progress.tokensPerSecond === undefined ? {} : { tokensPerSecond: progress.tokensPerSecond }),
          ...(progress.secondsLeft === undefined ? {} : { secondsLeft: progress.secondsLeft }),
        })
      : nothing
  }</section>`
}

/** At most forty points, evenly spaced and with the last one: the table is for those who cannot see the chart. */
const pointsHtml = ({ points }: RunStatus): Piece => {
  const every = Math.max(1, Math.ceil(points.length / 40))
  const shown = points.filter((_, at) => at % every === 0 || at === points.length - 1)
  return html`<div class="scroll"><table><thead><tr><th scope="col" class="number">Step</th><th scope="col" class="number">Loss, nats a token</th><th scope="col" class="number">Tokens/s</th></tr></thead>
<tbody>${shown.map(
    ({ step, loss, tokensPerSecond }) =>
      html`<tr><td class="number">${step}</td><td class="number">${natsText(loss)}</td><td class="number">${Math.round(tokensPerSecond).toLocaleString('en-US')}</td></tr>`,
  )}</tbody></table></div>`
}
