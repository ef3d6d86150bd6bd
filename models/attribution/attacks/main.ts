/** `npm run attacks [-- --data F,F --eval F,F --rows N --contributors N --questions N --members M --engines N --cache DIR --json OUT]` */
import { readdir, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { fault, isFault } from '../../../infra/errors.ts'
import { type Engine, openEngine, recipeFor, subsetRecipe } from '../../engine.ts'
import { shippedBase } from '../../resolve-base.ts'
import { readJudgeData } from '../judge/data.ts'
import type { PayTable } from '../pay.ts'
import { scenariosOf } from './attacks.ts'
import { type Laboratory, runScenario, type Snapshot, snapshotOf } from './run.ts'
import { honest, honestBase } from './scenario.ts'
import { type Verdict, verdictOf, verdictTable } from './verdict.ts'

export interface AttackOptions {
  data: readonly string[] | null
  evaluation: readonly string[] | null
  rows: number
  contributors: number
  questions: number
  members: number
  engines: number
  cache: string
  json: string | null
}

const defaults = { rows: 80, contributors: 4, questions: 40, members: 32, engines: 2 }
/** Part of an answer's revenue that goes to the data, basis points: the terms that a proposal begins with. */
const dataShare = 6000
/** Measured on one thread: 55 s for the 480 rows of the sample. A subset adapter takes a quarter of a release's time, less its rows. */
const secondsPerRow = 55 / 480
const subsetShare = 1 / 4
/** One answer's loss against the tuning of one row: a pass forward of four epochs of three passes. */
const lossShare = 1 / 12

/** Reads the arguments. Error `attack-arguments`: one of them is not understood. */
export const attackOptions = (args: readonly string[]): AttackOptions => {
  const text = { type: 'string' } as const
  const { values } = parseArgs({
    args: [...args],
    options: {
      data: text,
      eval: text,
      rows: text,
      contributors: text,
      questions: text,
      members: text,
      engines: text,
      cache: text,
      json: text,
    },
  })
  const reasons: string[] = []
  const count = (name: keyof typeof defaults, least: number): number => {
    const value = values[name] === undefined ? defaults[name] : Number(values[name])
    if (!Number.isSafeInteger(value) || value < least)
      reasons.push(`--${name} is ${values[name]}, and takes a whole number from ${least}`)
    return value
  }
  const options = {
    data: values.data?.split(',') ?? null,
    evaluation: values.eval?.split(',') ?? null,
    rows: count('rows', 8),
    contributors: count('contributors', 2),
    questions: count('questions', 2),
    members: count('members', 4),
    engines: count('engines', 1),
    cache:
      values.cache ?? join(process.env.TRIBUTARY_CACHE ?? join(homedir(), '.cache/tributary'), 'attacks'),
    json: values.json ?? null,
  }
  if ((options.data === null) !== (options.evaluation === null))
    reasons.push('--data and --eval come together')
  if (reasons.length > 0)
    throw fault('attack-arguments', `The attacks cannot run: ${reasons.join('; ')}.`, {
      fix: 'Correct the arguments.',
      facts: { reasons: reasons.length },
    })
  return options
}

const sample = join(import.meta.dirname, '../../../infra/samples/beekeepers')

const readData = async ({ data, evaluation }: AttackOptions) => {
  const names = (await readdir(sample)).filter(name => name.endsWith('.jsonl')).sort()
  const files = (held: boolean) =>
    names.filter(name => name.startsWith('evaluation') === held).map(name => join(sample, name))
  return readJudgeData(data === null ? 'beekeepers' : 'data', data ?? files(false), evaluation ?? files(true))
}

/** Runs every attack and prints the table; returns 1 where a bar is missed. */
export const attacks = async (options: AttackOptions): Promise<0 | 1> => {
  const base = honestBase(await readData(options), options)
  const scenarios = [honest(base), ...scenariosOf(base)]
  const engines: Engine[] = []
  try {
    for (let i = 0; i < options.engines; i++)
      engines.push(await openEngine({ base: shippedBase, threads: 1 }))
    const laboratory: Laboratory = {
      engines,
      recipeOf: recipeFor,
      subsetRecipe,
      folder: options.cache,
      members: options.members,
      dataShare,
      seed: 1,
      attributed: new Map(),
    }
    const snapshots: Snapshot[] = []
    for (const scenario of scenarios) snapshots.push(await snapshotOf(scenario, laboratory))
    process.stderr.write(`${forecast(snapshots, options)}\n`)
    const verdicts: Verdict[] = []
    const settle = (at: number) => {
      const { name } = scenarios[at]!
      const started = Date.now()
      return runScenario(scenarios[at]!, snapshots[at]!, base.calibration, laboratory, (done, total) => {
        const seconds = Math.round((Date.now() - started) / 1000)
        process.stderr.write(`${name}: adapter ${done} of ${total}, ${seconds} s\n`)
      })
    }
    const plain = await settle(0)
    for (let at = 1; at < scenarios.length; at++)
      verdicts.push(verdictOf(scenarios[at]!, await settle(at), base, plain))
    const pots = plain.table.perAnswer.reduce((sum, { potUnits }) => sum + potUnits, 0n)
    const of = ({ paidUnits }: PayTable) => `${paidUnits} of the ${pots} units in the pots`
    const about = `${base.rows.length} rows of ${options.contributors} contributors, ${base.questions.length} paid questions, ${snapshots[0]!.subsets.length} subset adapters of ${snapshots[0]!.clustering.count} clusters. Without attacks ${of(plain.table)} are paid, and ${of(plain.provisional)} provisionally, while there are no subset adapters.`
    process.stdout.write(`${about}\n\n${verdictTable(verdicts)}\n`)
    if (options.json !== null)
      await writeFile(
        options.json,
        `${JSON.stringify({ date: new Date(), about, options, verdicts }, null, 2)}\n`,
      )
    return verdicts.every(({ effect }) => effect.held) ? 0 : 1
  } finally {
    await Promise.all(engines.map(engine => engine.close()))
    // Gradients of a snapshot are hundreds of megabytes and made in seconds; adapters are the cache that counts.
    await rm(join(options.cache, 'index'), { recursive: true, force: true })
  }
}

/** Adapters to tune and the time they take, each set of rows counted once. */
const forecast = (snapshots: readonly Snapshot[], { engines, questions }: AttackOptions): string => {
  const different = new Map(snapshots.map(snapshot => [JSON.stringify(snapshot.examples), snapshot]))
  let [adapters, seconds] = [0, 0]
  for (const { examples, subsets } of different.values()) {
    adapters += 1 + subsets.length
    const each = examples.length * subsetShare + 2 * questions * lossShare
    seconds += secondsPerRow * (examples.length + subsets.length * each)
  }
  return `${different.size} sets of rows, ${adapters} adapters: about ${Math.ceil(seconds / engines / 60)} minutes with --engines ${engines}, less what is in the cache.`
}

if (import.meta.main) {
  try {
    process.exitCode = await attacks(attackOptions(process.argv.slice(2)))
  } catch (error) {
    process.stderr.write(isFault(error) ? `${error.message} ${error.fix}\n` : `${error}\n`)
    process.exitCode = 1
  }
}
