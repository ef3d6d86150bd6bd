import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Engine, Example } from '../engine.ts'
import { tokenOffsets } from '../tokenizer.ts'
import {
  adapterHash,
  belongsTo,
  examplesHash,
  type Meta,
  type Origin,
  readMeta,
  readNumbers,
  stale,
  writeMeta,
  writeNumbers,
} from './index-files.ts'
import { buildInfluence, openInfluence } from './influence/index.ts'
import { defaultWidth } from './influence/projection.ts'
import { dampingShare } from './kernel.ts'
import { findSpans } from './spans.ts'
import { createTokenStore, openTokenStore } from './suffix-array-store.ts'
import { countTokens, unigramLogProbs } from './unigram.ts'

/** A passage of the answer that stands word for word in a training row's answer. */
export interface SpanMatch {
  /** Characters [start, end) of the answer. */
  start: number
  end: number
  text: string
  /** The earliest training row that has it. */
  row: number
  rowText: string
  /** Nats that the adapter gives the passage over the base. */
  lift: number
}

export interface AnswerAttribution {
  /** Tokens of the answer, the end of the turn included. */
  tokens: number
  /** -log p of the answer under the datanet's unigrams, the base and the adapter, over the same tokens. */
  nats: { unigram: number; base: number; adapter: number }
  /** Per training row, nats; positive: removing the row raises the loss of this answer. */
  influence: Float64Array
  spans: SpanMatch[]
}

export interface Question {
  prompt: string
  answer: string
}

export interface Attribution {
  readonly rows: number
  /** h_i of every row, 0 to 1: how much the row bends the model to itself; a high one asks for review. */
  readonly leverage: Float64Array
  attribute(question: Question): Promise<AnswerAttribution>
  /** Influence of every row on each question alone, without spans; [questions][rows]. */
  influences(questions: readonly Question[]): Promise<Float64Array[]>
  /** Several questions in one pass over the rows on disk. */
  attributeMany(questions: readonly Question[]): Promise<AnswerAttribution[]>
  close(): Promise<void>
}

export interface BuildOptions {
  /** Rows whose gradient is stored, of all rows. */
  onProgress?(done: number, total: number): void
  signal?: AbortSignal
  /** c of lambda_b = c trace(F_b) / min(n, d_b) of each tensor's curvature F_b. */
  dampingShare?: number
  /** By default the one that `formFor` names. */
  form?: Form
}

/** Gradients whole, or each tensor's wide side projected to 64 directions at random: a little less exact, a tenth of the size. */
export type Form = Meta['form']

/** Bytes of whole gradients in int8 up to which they are not projected: what a question reads while it is answered. */
const exactBytes = 64 * 2 ** 20

/** The form for so many gradient rows of so many parameters. */
export const formFor = (rows: number, size: number): Form =>
  rows * size <= exactBytes ? 'exact' : 'projected'

const widthOf = (form: Form): number | null => (form === 'exact' ? null : defaultWidth)

const origin = async (engine: Engine, adapter: string, examples: readonly Example[]): Promise<Origin> => ({
  adapter: await adapterHash(adapter),
  base: engine.base.hash,
  examples: examplesHash(examples),
  rows: examples.length,
  size: (await engine.gradientLayout(adapter)).reduce((sum, { shape }) => sum + shape[0] * shape[1], 0),
  vocabulary: engine.base.config.vocabulary,
})

/**
 * Makes everything that attribution needs of a release: influence, and the suffix array and
 * unigram counts of the rows' answers (questions are not trained on).
 * A folder already whole for this adapter and these rows is left as it is; any other content is replaced.
 * Throws `gradient-not-finite`, `kernel-not-positive`, `adapter-missing`, the signal's reason
 * when it is aborted, and what the engine throws.
 */
export const buildIndex = async (
  engine: Engine,
  adapter: string,
  examples: readonly Example[],
  folder: string,
  options: BuildOptions = {},
): Promise<void> => {
  const from = await origin(engine, adapter, examples)
  const known = await readMeta(folder)
  const share = options.dampingShare ?? dampingShare
  const form = options.form ?? formFor(from.rows, from.size)
  if (known !== null && belongsTo(known, from) && known.dampingShare === share && known.form === form) return
  await mkdir(folder, { recursive: true })
  // Gradient rows are appended to where the new ones follow them.
  for (const name of await readdir(folder))
    if (name !== 'influence') await rm(join(folder, name), { recursive: true, force: true })

  const answers = examples.map(({ answer }) => engine.encode(answer))
  await createTokenStore(join(folder, 'tokens'), answers, from.vocabulary)

  await buildInfluence(engine, adapter, examples, join(folder, 'influence'), {
    ...options,
    dampingShare: share,
    width: widthOf(form),
  })

  const files = {
    'unigrams.u32': countTokens(answers, from.vocabulary),
  }
  const hashes: Record<string, string> = {}
  for (const [name, numbers] of Object.entries(files))
    hashes[name] = await writeNumbers(folder, name, numbers)
  await writeMeta(folder, {
    format: 3,
    ...from,
    form,
    dampingShare: share,
    files: hashes,
  })
}

/**
 * Opens an index built for this adapter and these rows.
 * Throws `index-stale` where the folder is half built, damaged, or belongs to another adapter, base or set of rows.
 */
export const openIndex = async (
  engine: Engine,
  adapter: string,
  examples: readonly Example[],
  folder: string,
): Promise<Attribution> => {
  const meta = await readMeta(folder)
  if (meta === null) throw stale(folder, 'it was never finished')
  if (!belongsTo(meta, await origin(engine, adapter, examples)))
    throw stale(folder, 'it belongs to another adapter, base or set of rows')
  const numbers = (name: string) => readNumbers(folder, name, meta)
  const texts = await openTokenStore(join(folder, 'tokens'))
  const logProbs = unigramLogProbs(new Uint32Array(await numbers('unigrams.u32')))
  const influence = await openInfluence(engine, adapter, examples, join(folder, 'influence'), {
    dampingShare: meta.dampingShare,
    width: widthOf(meta.form),
  })

  const read = async (question: Question, influence: Float64Array): Promise<AnswerAttribution> => {
    const tuned = await engine.answerLogProbs(question, adapter)
    const plain = await engine.answerLogProbs(question, null)
    const ended = tuned.tokens.length > 0 && engine.decode(tuned.tokens.slice(-1)) === ''
    const words = ended ? tuned.tokens.slice(0, -1) : tuned.tokens
    const lift = words.map((_, i) => tuned.logProbs[i]! - plain.logProbs[i]!)
    const spans = findSpans(texts, logProbs, {
      text: engine.decode(words),
      tokens: words,
      offsets: tokenOffsets(tokens => engine.decode(tokens), words),
      lift,
    })
    const nats = { unigram: ended ? -logProbs[meta.vocabulary]! : 0, base: 0, adapter: 0 }
    for (const token of words) nats.unigram -= logProbs[token]!
    for (const logProb of plain.logProbs) nats.base -= logProb
    for (const logProb of tuned.logProbs) nats.adapter -= logProb
    return {
      tokens: tuned.tokens.length,
      nats,
      influence,
      spans: spans.map(({ document, ...span }) => ({
        ...span,
        row: document,
        rowText: examples[document]!.answer,
      })),
    }
  }

  const attributeMany = async (questions: readonly Question[]): Promise<AnswerAttribution[]> => {
    const found = await influence.influences(questions)
    const out: AnswerAttribution[] = []
    for (const [i, question] of questions.entries()) out.push(await read(question, found[i]!))
    return out
  }

  return {
    rows: meta.rows,
    leverage: influence.leverage,
    attribute: async question => (await attributeMany([question]))[0]!,
    attributeMany,
    influences: questions => influence.influences(questions),
    close: async () => {
      await influence.close()
      await texts.close()
    },
  }
}
