import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { VerbOutput } from '../../tools/client/types.ts'
import { limits } from '../../tools/limits.ts'
import { readSettings } from '../env.ts'
import { fault } from '../errors.ts'
import { type Command, readOptions, say } from './command.ts'
import { readDatasetFile, statedRights } from './dataset-file.ts'
import { type NodeHere, withNodeHere } from './node-here.ts'

/** `tributary import adapter FOLDER` and `tributary import dataset FILE`. */
export const importThing: Command = {
  run: async ([what, ...words]) => {
    if (what === 'adapter') return adapter(words)
    if (what === 'dataset') return dataset(words)
    throw fault('import-unknown', 'It was not said what to import.', {
      fix: 'Run tributary import adapter FOLDER, or tributary import dataset FILE.',
    })
  },
}

const required = (value: string | undefined, name: string): string => {
  if (value !== undefined) return value
  throw fault('option-missing', `${name} is needed.`, { fix: `Add ${name}; tributary help shows how.` })
}

/** Serves an adapter of a PEFT folder. */
const adapter = async (words: readonly string[]): Promise<number> => {
  const { values, positionals } = readOptions(words, {
    name: { type: 'string' },
    purpose: { type: 'string' },
    price: { type: 'string' },
    licence: { type: 'string' },
    'same-base': { type: 'boolean' },
  })
  const { purpose, price } = values
  const input = {
    folder: resolve(required(positionals[0], 'the FOLDER')),
    name: required(values.name, '--name'),
    licence: required(values.licence, '--licence'),
    sameBase: values['same-base'] === true,
    ...(purpose === undefined ? {} : { purpose }),
    ...(price === undefined ? {} : { price }),
  }
  await withNodeHere(readSettings(process.env), async ({ operator }) => {
    const made = await operator.call('import-adapter', input)
    say(`${made.model}: LoRA of rank ${made.rank} on ${made.targets.join(', ')}, ${made.adapterHash}`)
    say(
      made.rows > 0
        ? `its ${made.rows} rows are known here: their contributors earn`
        : 'nobody knows its rows: its data share goes to its commons',
    )
    if (made.evaluation !== null)
      say(
        `held-out loss ${made.evaluation.baseLoss.toFixed(3)} -> ${made.evaluation.adapterLoss.toFixed(3)} nats a token`,
      )
  })
  return 0
}

/** Contributes a file's rows to a model that gathers, part by part, and tells what became of each. */
const dataset = async (words: readonly string[]): Promise<number> => {
  const { values, positionals } = readOptions(words, {
    model: { type: 'string' },
    licence: { type: 'string' },
    rights: { type: 'string' },
  })
  const proposal = required(values.model, '--model')
  const { rows } = await readDatasetFile(required(positionals[0], 'the FILE'))
  const stated = await statedRights(values)
  await withNodeHere(readSettings(process.env), async node => {
    const counts = new Map<string, number>()
    for (let at = 0; at < rows.length; at += limits.submissionRows) {
      const part = rows.slice(at, at + limits.submissionRows)
      const sent = await node.me.call('contribute', {
        proposal,
        ...stated,
        rows: part.map(({ line: _, ...row }) => row),
      })
      for (const { state, position, message } of await decided(node, sent.submissionId)) {
        counts.set(state, (counts.get(state) ?? 0) + 1)
        if (state !== 'accepted') say(`line ${part[position - 1]?.line}: ${state}: ${message ?? ''}`)
      }
    }
    say([...counts].map(([state, count]) => `${count} ${state}`).join(', '))
  })
  return 0
}

/** The rows of a submission once the curator has looked at all of them. */
const decided = async ({ me }: NodeHere, submission: string): Promise<VerbOutput<'submission'>['rows']> => {
  for (;;) {
    const { state, rows } = await me.call('submission', { submission })
    if (state === 'curated') return rows
    await sleep(300)
  }
}
