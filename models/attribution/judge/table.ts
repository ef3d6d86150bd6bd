import type { Interval } from './metrics.ts'
import type { JudgeResult, MethodRow } from './run.ts'

/** The judge's table as Markdown. */
export const judgeTable = ({ methods }: JudgeResult): string => {
  const head = [
    'method',
    'LDS-C, half',
    'full method ahead by',
    'LDS-C, nine tenths',
    'other seed',
    'left out',
    'top tenth removed, nats a token',
    'CPU s an answer',
  ]
  const rows = methods.map(row => [
    `${row.name} (${row.source})`,
    intervalText(row.half),
    row.behind === null ? '-' : intervalText(row.behind),
    intervalText(row.most),
    intervalText(row.otherSeed),
    row.leftOut === null ? '-' : intervalText(row.leftOut),
    row.topRemoval === null ? '-' : row.topRemoval.toFixed(4),
    row.secondsPerAnswer === null ? '-' : row.secondsPerAnswer.toFixed(2),
  ])
  return [head, head.map(() => '---'), ...rows].map(cells => `| ${cells.join(' | ')} |`).join('\n')
}

export const intervalText = ({ value, low, high }: Interval): string =>
  `${value.toFixed(3)} (${low.toFixed(3)} to ${high.toFixed(3)})`

/** One bar of the judge: what was asked, what was measured, and whether it holds. */
export interface Bar {
  readonly what: string
  readonly bar: string
  readonly measured: string
  readonly met: boolean
}

/** The bars that follow from the retrainings; those of pay are the pay report's. */
export const barsOf = (result: JudgeResult): Bar[] => {
  const { methods, ceiling, coverage, effectCoverage, metasmoothness } = result
  const full = methods[0] as MethodRow
  const others = methods.filter(({ ours }) => !ours)
  const best = others.reduce((a, b) => (b.half.value > a.half.value ? b : a))
  const needed = Math.min(0.6, 0.9 * ceiling.value)
  return [
    {
      what: 'LDS-C, same seed, half of the clusters kept',
      bar: 'at least 0.75',
      measured: intervalText(full.half),
      met: full.half.value >= 0.75,
    },
    {
      what: `ahead of the best other method (${best.name})`,
      bar: 'its 95% interval above 0',
      measured: best.behind === null ? '-' : intervalText(best.behind),
      met: best.behind !== null && best.behind.low > 0,
    },
    {
      what: `LDS-C, other seed; ceiling ${ceiling.value.toFixed(3)}`,
      bar: `at least ${needed.toFixed(3)}`,
      measured: intervalText(full.otherSeed),
      met: full.otherSeed.value >= needed,
    },
    {
      what: '90% intervals hold what retraining gave',
      bar: '85% to 95%',
      measured: `${(100 * coverage).toFixed(1)}%`,
      met: coverage >= 0.85 && coverage <= 0.95,
    },
    {
      what: "90% intervals of clusters' effects hold what the judged retrainings measured",
      bar: '85% to 95%',
      measured: `${(100 * effectCoverage).toFixed(1)}%`,
      met: effectCoverage >= 0.85 && effectCoverage <= 0.95,
    },
    ...(metasmoothness === null
      ? []
      : [
          {
            what: 'metasmoothness of the recipe: outcomes (parameters)',
            bar: 'at least 0.95',
            measured: `${metasmoothness.outcomes.toFixed(3)} (${metasmoothness.adapter.toFixed(3)})`,
            met: metasmoothness.outcomes >= 0.95,
          },
        ]),
  ]
}

export const barsTable = (bars: readonly Bar[]): string =>
  [
    '| what | bar | measured | met |',
    '| --- | --- | --- | --- |',
    ...bars.map(
      ({ what, bar, measured, met }) => `| ${what} | ${bar} | ${measured} | ${met ? 'yes' : 'NO'} |`,
    ),
  ].join('\n')
