/**
 * Makes the pairs that embeddings are tuned on and held against: `node models/embedding/prepare.ts CORPUS MEDQUAD OUT`.
 * CORPUS: text of documents (documents.ts), MEDQUAD: folder with contributions.jsonl and evaluation.jsonl. Writes
 * OUT/train.jsonl and OUT/held-out.jsonl, which share no document; the same input gives the same files.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fault } from '../../infra/errors.ts'
import { readDocuments } from './documents.ts'
import { apartFrom, medicalPair, type Pair, paragraphPair, questionPair, spread } from './pairs.ts'

/** The end of the corpus that is held out. */
const heldOutShare = 0.05
const counts = { train: { question: 2560, paragraph: 3840 }, heldOut: { question: 500, paragraph: 500 } }

async function corpusPairs(path: string): Promise<{ train: Pair[]; heldOut: Pair[] }> {
  const found: (Pair | null)[] = []
  for await (const document of readDocuments(path))
    found.push(document.startsWith('User: ') ? questionPair(document) : paragraphPair(document))
  const end = Math.floor(found.length * (1 - heldOutShare))
  const take = (pairs: readonly (Pair | null)[], sizes: { question: number; paragraph: number }): Pair[] =>
    (['question', 'paragraph'] as const).flatMap(kind =>
      spread(
        pairs.filter(pair => pair?.kind === kind).map(pair => pair!),
        sizes[kind],
      ),
    )
  return { train: take(found.slice(0, end), counts.train), heldOut: take(found.slice(end), counts.heldOut) }
}

async function medicalPairs(path: string): Promise<Pair[]> {
  const text = await readFile(path, 'utf8')
  return text
    .trim()
    .split('\n')
    .map(line => medicalPair(JSON.parse(line)))
}

const [corpus, medquad, out] = process.argv.slice(2)
if (corpus === undefined || medquad === undefined || out === undefined)
  throw fault('embedding-call', 'Three arguments are needed.', {
    fix: 'Call: node models/embedding/prepare.ts CORPUS MEDQUAD OUT',
  })
const { train, heldOut } = await corpusPairs(corpus)
heldOut.unshift(...(await medicalPairs(join(medquad, 'evaluation.jsonl'))))
const contributions = await medicalPairs(join(medquad, 'contributions.jsonl'))
const apart = apartFrom([...contributions, ...train], heldOut)
await mkdir(out, { recursive: true })
for (const [name, pairs] of [
  ['train', apart],
  ['held-out', heldOut],
] as const) {
  await writeFile(join(out, `${name}.jsonl`), pairs.map(pair => `${JSON.stringify(pair)}\n`).join(''))
  const kinds = Object.groupBy(pairs, pair => pair.kind)
  const shown = Object.entries(kinds).map(([kind, own]) => `${own.length} ${kind}`)
  process.stdout.write(`${name}: ${shown.join(', ')}\n`)
}
