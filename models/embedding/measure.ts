/**
 * Holds embeddings against held-out pairs: `node models/embedding/measure.ts DATA [ADAPTER] [--rows FILE] [--base FOLDER]
 * [--threads N]`, DATA being what prepare.ts wrote. Compares averaged token embeddings, the base's mean hidden states and
 * those of the adapter, each also less the mean of training texts; a cell is accuracy / recall at 10 / mean reciprocal rank.
 * FILE holds rows {account, text, first?} as JSON lines, for near-duplicates, `first` being the text that a row rewords:
 * cosines of such pairs (least, 10%, 25%, half), of each other row's nearest row of another account (half, 90%, 99%, most),
 * the share of the former above 99% of the latter, and the area under the curve of the two.
 */
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { fault } from '../../infra/errors.ts'
import { meanHidden } from '../embed.ts'
import { openModel } from '../model.ts'
import { openTokenizer } from '../tokenizer.ts'
import type { Pair } from './pairs.ts'
import { centred, cosine, meanOf, normalised, retrieval } from './retrieval.ts'

interface Row {
  account: string
  text: string
  first?: string
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    base: { type: 'string', default: resolve(import.meta.dirname, '../base/tributary-8m') },
    rows: { type: 'string' },
    threads: { type: 'string', default: '1' },
  },
})
const [data, adapter] = positionals
if (data === undefined)
  throw fault('embedding-call', 'The folder of the pairs is needed.', {
    fix: 'Call: node models/embedding/measure.ts DATA [ADAPTER] [--rows FILE]',
  })
const read = async (path: string): Promise<string[]> => (await readFile(path, 'utf8')).trim().split('\n')
const heldOut = (await read(join(data, 'held-out.jsonl'))).map((line): Pair => JSON.parse(line))
const train = (await read(join(data, 'train.jsonl'))).map((line): Pair => JSON.parse(line))
const rows = values.rows ? (await read(values.rows)).map((line): Row => JSON.parse(line)) : []
const tokenizer = await openTokenizer(values.base)
const model = await openModel(values.base, Number(values.threads))
const { dim, context } = model.config

type Embed = (sequences: readonly (readonly number[])[]) => Promise<Float32Array[]>

const table = model.weights['model.embed_tokens.weight']!.data as Float32Array
const averagedTokens: Embed = async sequences =>
  sequences.map(tokens => {
    const sum = new Float32Array(dim)
    for (const token of tokens) for (let d = 0; d < dim; d++) sum[d]! += table[token * dim + d]!
    return normalised(sum)
  })
const embeddings: [name: string, embed: Embed][] = [
  ['averaged tokens', averagedTokens],
  ['base', sequences => meanHidden(model, sequences)],
]
if (adapter !== undefined) {
  const { weights } = await model.adapted(adapter)
  embeddings.push(['adapter', sequences => meanHidden(model, sequences, weights)])
}

const shown = (value: number): string => value.toFixed(3)
const print = (cells: readonly string[]): boolean => process.stdout.write(`| ${cells.join(' | ')} |\n`)
/** Questions look for their answer among all answers, paragraphs for their neighbour among all neighbours. */
const kinds = (['medical', 'question', 'paragraph'] as const).filter(kind =>
  heldOut.some(pair => pair.kind === kind),
)
const poolOf = (kind: Pair['kind']): Pair[] =>
  heldOut.filter(pair => (pair.kind === 'paragraph') === (kind === 'paragraph'))

function retrievals(of: ReadonlyMap<string, Float32Array>): string[] {
  return kinds.map(kind => {
    const pool = poolOf(kind)
    const own = [...pool.keys()].filter(at => pool[at]!.kind === kind)
    const { accuracy, recallAt10, reciprocalRank } = retrieval(
      own.map(at => of.get(pool[at]!.left)!),
      pool.map(({ right }) => of.get(right)!),
      own,
      pool.map(({ right }) => right),
    )
    return [accuracy, recallAt10, reciprocalRank].map(shown).join(' / ')
  })
}

function nearness(of: ReadonlyMap<string, Float32Array>): string[] {
  const rewordings = rows.filter(row => row.first !== undefined)
  const others = rows.filter(row => row.first === undefined)
  const near = rewordings.map(row => cosine(of.get(row.text)!, of.get(row.first!)!)).toSorted((a, b) => a - b)
  const far = others
    .map(row =>
      Math.max(
        ...others
          .filter(other => other.account !== row.account)
          .map(other => cosine(of.get(row.text)!, of.get(other.text)!)),
      ),
    )
    .toSorted((a, b) => a - b)
  const at = (sorted: readonly number[], share: number): string =>
    shown(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!)
  const above = (bound: number): number => near.filter(value => value > bound).length / near.length
  return [
    [0, 0.1, 0.25, 0.5].map(share => at(near, share)).join(' / '),
    [0.5, 0.9, 0.99, 1].map(share => at(far, share)).join(' / '),
    shown(above(Number(at(far, 0.99)))),
    shown(far.reduce((sum, value) => sum + above(value), 0) / far.length),
  ]
}

const texts = new Set([
  ...heldOut.flatMap(({ left, right }) => [left, right]),
  ...rows.flatMap(({ text, first }) => (first === undefined ? [text] : [text, first])),
])
const sample = train.filter((_, at) => at % 40 === 0).flatMap(({ left, right }) => [left, right])
const tokens = (text: string): number[] => tokenizer.encode(text).slice(0, context)
const asked = kinds.map(kind => `${kind}, among ${poolOf(kind).length}`)
const near = rows.length > 0 ? ['rewordings', 'nearest of others', 'above 99%', 'area'] : []
print(['embedding', ...asked, ...near])
print(['---', ...asked.map(() => '---'), ...near.map(() => '---')])
for (const [name, embed] of embeddings) {
  const vectors = await embed([...texts].map(tokens))
  const mean = meanOf(await embed(sample.map(tokens)))
  for (const [label, own] of [
    [name, vectors],
    [`${name}, centred`, centred(vectors, mean)],
  ] as const) {
    const of = new Map([...texts].map((text, at) => [text, own[at]!]))
    print([label, ...retrievals(of), ...(rows.length > 0 ? nearness(of) : [])])
  }
}
await model.close()
