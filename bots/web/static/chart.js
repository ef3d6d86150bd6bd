// The loss curve of a run: the whole of it from the first event, then every new point as it is trained.
const style = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim()

/** A moving mean over about a twentieth of the curve: single batches jump, and hide where the loss is going. */
const smooth = losses => {
  const reach = Math.max(1, Math.round(losses.length / 20))
  let sum = 0
  return losses.map((loss, at) => {
    sum += loss
    if (at >= reach) sum -= losses[at - reach]
    return sum / Math.min(at + 1, reach)
  })
}

const draw = (holder, steps, losses) => {
  const axis = {
    stroke: style('--soft'),
    grid: { stroke: style('--line'), width: 1 },
    ticks: { stroke: style('--line'), width: 1 },
  }
  const options = {
    width: holder.clientWidth,
    height: 260,
    scales: { x: { time: false } },
    axes: [
      { ...axis, label: 'step', labelSize: 22 },
      { ...axis, label: 'nats a token', labelSize: 22, size: 56 },
    ],
    series: [
      { label: 'step' },
      {
        label: 'batch',
        stroke: style('--soft'),
        width: 1,
        alpha: 0.45,
        points: { show: false },
        value: (_, loss) => loss?.toFixed(3) ?? '–',
      },
      {
        label: 'mean',
        stroke: style('--accent'),
        width: 2,
        points: { show: false },
        value: (_, loss) => loss?.toFixed(3) ?? '–',
      },
    ],
  }
  return new uPlot(options, [steps, losses, smooth(losses)], holder)
}

for (const holder of document.querySelectorAll('[data-chart]')) {
  const steps = []
  const losses = []
  let chart = draw(holder, steps, losses)
  const source = new EventSource(holder.dataset.chart)
  source.onmessage = event => {
    for (const [step, loss] of JSON.parse(event.data)) {
      // A connection that was lost starts with the whole curve again.
      if (step <= (steps.at(-1) ?? 0)) continue
      steps.push(step)
      losses.push(loss)
    }
    chart.setData([steps, losses, smooth(losses)])
  }
  source.addEventListener('ended', () => source.close())
  new ResizeObserver(() => chart.setSize({ width: holder.clientWidth, height: 260 })).observe(holder)
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
    chart.destroy()
    chart = draw(holder, steps, losses)
  })
}
