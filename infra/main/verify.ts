import { verifyBundle } from '../../tools/bundle/verify.ts'
import { readSettings } from '../env.ts'
import { fault } from '../errors.ts'
import { type Command, readOptions, say } from './command.ts'

/** `tributary verify FILE.tar`: checks an exported bundle offline, and on request some attributions by computing them anew. */
export const verify: Command = {
  run: async words => {
    const { values, positionals } = readOptions(words, {
      attribution: { type: 'string' },
      base: { type: 'string' },
      seed: { type: 'string' },
    })
    const [file] = positionals
    if (file === undefined)
      throw fault('file-missing', 'No bundle was named.', { fix: 'Run tributary verify FILE.tar.' })
    const answers = values.attribution === undefined ? null : answersWanted(values.attribution)
    const { ok, checks } = await verifyBundle(file)
    for (const item of checks)
      say(`${item.ok ? 'ok  ' : 'FAIL'}  ${item.name} (${item.count})${item.ok ? '' : `: ${item.detail}`}`)
    say(ok ? 'The bundle holds.' : 'The bundle does not hold.')
    if (!ok) return 1
    return answers === null ? 0 : recompute(file, answers, values)
  },
}

/** The number of answers whose attribution is computed anew. */
const answersWanted = (wanted: string): number | 'all' => {
  const count = wanted === 'all' ? wanted : Number(wanted)
  if (count === 'all' || (Number.isInteger(count) && count >= 1)) return count
  throw fault('option-invalid', `--attribution ${wanted} is not a number of answers.`, {
    fix: 'Write a whole number from 1 on, or all.',
  })
}

/** Computes the attribution of some answers of a bundle anew; the engine is loaded for this alone. */
const recompute = async (
  file: string,
  count: number | 'all',
  values: { base?: string; seed?: string },
): Promise<number> => {
  const { recomputeAttribution } = await import('../../tools/bundle/recompute.ts')
  const { recomputationLines } = await import('../../tools/bundle/recompute-report.ts')
  const result = await recomputeAttribution(file, {
    count,
    say,
    threads: readSettings(process.env).TRIBUTARY_THREADS,
    ...(values.base === undefined ? {} : { base: values.base }),
    ...(values.seed === undefined ? {} : { seed: values.seed }),
  })
  for (const line of recomputationLines(result)) say(line)
  return result.ok ? 0 : 1
}
