/** `npm run judge [-- --data F,F --eval F,F --quick --pay --cheap-ensemble --cache DIR --json OUT]`: judges attribution by retraining. */
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { availableParallelism, homedir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { fault, isFault } from '../../../infra/errors.ts'
import { openEngine, recipeFor, subsetRecipe } from '../../engine.ts'
import { readJudgeData } from './data.ts'
import { payAnswers, payBars, payReport, payText } from './pay-report.ts'
import { fullSizes, quickSizes } from './plan.ts'
import { judge } from './run.ts'
import { barsOf, barsTable, intervalText, judgeTable } from './table.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const sample = join(root, 'infra', 'samples', 'beekeepers')

const options = () => {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean', default: false } as const
  const { values } = parseArgs({
    options: {
      data: text,
      eval: text,
      base: text,
      cache: text,
      json: text,
      quick: flag,
      pay: flag,
      'cheap-ensemble': flag,
    },
  })
  if ((values.data === undefined) !== (values.eval === undefined))
    throw fault('judge-arguments', 'Rows and held-out questions belong together.', {
      fix: 'Give both --data and --eval, or neither for the sample.',
    })
  return values
}

const sampleFiles = async (): Promise<[string[], string[]]> => {
  const files = (await readdir(sample)).filter(name => name.endsWith('.jsonl')).sort()
  const paths = (evaluation: boolean) =>
    files.filter(name => name.startsWith('evaluation') === evaluation).map(name => join(sample, name))
  return [paths(false), paths(true)]
}

const run = async (): Promise<void> => {
  const { data: rowsAt, eval: questionsAt, quick, pay, json, ...rest } = options()
  const [rowFiles, questionFiles] =
    rowsAt === undefined ? await sampleFiles() : [rowsAt.split(','), questionsAt!.split(',')]
  const name = rowsAt === undefined ? 'beekeepers' : basename(rowFiles[0]!)
  const data = await readJudgeData(name, rowFiles, questionFiles)
  const cache =
    rest.cache ??
    join(
      process.env.TRIBUTARY_CACHE ?? join(homedir(), '.cache', 'tributary'),
      'judge',
      name.replace(/\W/g, '-'),
    )
  await mkdir(cache, { recursive: true })
  const base = rest.base ?? join(root, 'models', 'base', 'tributary-8m')
  const engines = await Promise.all(
    Array.from({ length: availableParallelism() }, () => openEngine({ base, threads: 1 })),
  )
  try {
    const recipe = { ...recipeFor(data.rows.length), ...(quick ? { epochs: 2 } : {}) }
    const say = (line: string) => process.stderr.write(`${line}\n`)
    const began = performance.now()
    const cheap = rest['cheap-ensemble']
    const result = await judge({
      engines,
      data,
      recipe,
      sizes: quick ? quickSizes : cheap ? { ...fullSizes, ensemble: 32 } : fullSizes,
      folder: cache,
      ...(cheap ? { cheaper: subsetRecipe } : {}),
      say,
    })
    const found = await payAnswers({ engine: engines[0]!, data, result, ...result.paths })
    const reports = []
    for (const questions of pay ? [12, data.judge.length, 1000] : [data.judge.length])
      reports.push(await payReport(found, questions, { data, result }))
    const bars = [...barsOf(result), ...reports.flatMap(payBars)]
    const { rho, kappa, noise, widening } = result.full.calibration
    const text = [
      `${name}: ${data.rows.length} rows (two null accounts among them), ${result.clustering.count} clusters, ${data.calibration.length} calibration and ${data.judge.length} judge questions; ${result.plan.ensemble.length} subset adapters${cheap ? ' of 2 epochs in int8' : ''}, judged on ${result.truth.half.length} halves, ${result.truth.most.length} nine tenths, ${result.truth.otherSeed.length} of another seed, ${result.truth.leftOut.length} left out${quick ? '; quick: 2 epochs' : ''}; ${Math.round((performance.now() - began) / 1000)} s`,
      judgeTable(result),
      `Ceiling of the other seed: ${intervalText(result.ceiling)}.${result.randomRemoval === null ? '' : ` As many clusters removed at random lose ${result.randomRemoval.toFixed(4)} nats a token.`} rho ${rho.toPrecision(2)}, prior weight ${kappa.map(k => k.toFixed(2)).join(', ')}, noise ${noise.toFixed(3)}, widening ${widening.toFixed(2)}.`,
      barsTable(bars),
      ...(pay ? reports.map(payText) : []),
    ].join('\n\n')
    process.stdout.write(`${text}\n`)
    if (json !== undefined)
      await writeFile(
        json,
        JSON.stringify(
          {
            name,
            methods: result.methods,
            ceiling: result.ceiling,
            coverage: result.coverage,
            bars,
            reports,
          },
          (_, value) => (typeof value === 'bigint' ? value.toString() : value),
          2,
        ),
      )
  } finally {
    await Promise.all(engines.map(engine => engine.close()))
  }
}

if (import.meta.main)
  await run().catch(error => {
    process.stderr.write(isFault(error) ? `${error.message} ${error.fix}\n` : `${error}\n`)
    process.exitCode = 1
  })
