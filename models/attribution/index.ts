import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Engine, Example } from '../engine.ts'
import { tokenOffsets } from '../tokenizer.ts'
import { openGradientRows, writeGradientRows } from './gradient-rows.ts'
import {
  adapterHash,
  belongsTo,
  examplesHash,
  type Origin,
  readMeta,
  readNumbers,
  stale,
  writeMeta,
  writeNumbers,
} from './index-files.ts'
import {
  cholesky,
  damping,
  dampingShare,
  gradientKernel,
  gradientProducts,
  leverages,
  solve,
} from './kernel.ts'
import { findSpans } from './spans.ts'
import { buildTokenIndex, type TokenIndex } from './suffix-array.ts'
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
  /** Several questions in one pass over the rows on disk. */
  attributeMany(questions: readonly Question[]): Promise<AnswerAttribution[]>
  close(): Promise<void>
}

export interface BuildOptions {
  /** Rows whose gradient is stored, of all rows. */
  onProgress?(done: number, total: number): void
  signal?: AbortSignal
  /** c of lambda = c trace(K) / (n min(n, p)). */
  dampingShare?: number
}

/** Questions whose gradients are held at once, elements (64 MiB of float32). */
const queryElements = 16 * 2 ** 20

const origin = async (engine: Engine, adapter: string, examples: readonly Example[]): Promise<Origin> => ({
  adapter: await adapterHash(adapter),
  base: engine.base.hash,
  examples: examplesHash(examples),
  rows: examples.length,
  size: (await engine.gradientLayout(adapter)).reduce((sum, { shape }) => sum + shape[0] * shape[1], 0),
  vocabulary: engine.base.config.vocabulary,
})

/**
 * Makes everything that attribution needs of a release: gradient rows (2 bytes a parameter and row), the factor of
 * K + n lambda I, leverages, and the suffix array and unigram counts of the rows' answers (questions are not trained on).
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
  if (known !== null && belongsTo(known, from) && known.dampingShare === share) return
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })

  const n = examples.length
  const answers = examples.map(({ answer }) => engine.encode(answer))
  const texts = buildTokenIndex(answers, from.vocabulary)

  const writer = await writeGradientRows(join(folder, 'rows.f16'), n, from.size)
  try {
    let done = 0
    const cancellable = options.signal === undefined ? {} : { signal: options.signal }
    for await (const block of engine.gradients(examples, adapter, cancellable)) {
      await writer.put(block.first, block.rows.subarray(0, block.count * from.size))
      done += block.count
      options.onProgress?.(done, n)
      options.signal?.throwIfAborted()
    }
  } finally {
    await writer.close()
  }

  // A row of weight w counts w times in F: its gradient enters with the root of w.
  const scales = writer.scales.map((scale, i) => scale * Math.sqrt(examples[i]!.weight ?? 1))
  const gradients = await openGradientRows(join(folder, 'rows.f16'), n, from.size, scales)
  const kernel = await gradientKernel(gradients, engine.matmulTransposed).finally(() => gradients.close())
  const lambda = damping(kernel, n, from.size, share)
  for (let i = 0; i < n; i++) kernel[i * n + i] = kernel[i * n + i]! + n * lambda
  const factor = await cholesky(kernel, n)

  const files = {
    'scales.f64': scales,
    'factor.f64': factor,
    'leverage.f64': await leverages(factor, n, n * lambda),
    'tokens.bin': texts.tokens,
    'suffixes.u32': texts.suffixes,
    'starts.u32': texts.starts,
    'unigrams.u32': countTokens(answers, from.vocabulary),
  }
  const hashes: Record<string, string> = {}
  for (const [name, numbers] of Object.entries(files))
    hashes[name] = await writeNumbers(folder, name, numbers)
  await writeMeta(folder, { format: 1, ...from, damping: lambda, dampingShare: share, files: hashes })
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
  const tokenBytes = await numbers('tokens.bin')
  const texts: TokenIndex = {
    tokens: meta.vocabulary < 2 ** 16 ? new Uint16Array(tokenBytes) : new Uint32Array(tokenBytes),
    suffixes: new Uint32Array(await numbers('suffixes.u32')),
    starts: new Uint32Array(await numbers('starts.u32')),
    separator: meta.vocabulary,
  }
  const logProbs = unigramLogProbs(new Uint32Array(await numbers('unigrams.u32')))
  const factor = new Float64Array(await numbers('factor.f64'))
  const leverage = new Float64Array(await numbers('leverage.f64'))
  const scales = new Float64Array(await numbers('scales.f64'))
  const roots = Float64Array.from(examples, ({ weight = 1 }) => Math.sqrt(weight))
  const gradients = await openGradientRows(join(folder, 'rows.f16'), meta.rows, meta.size, scales)
  const n = meta.rows

  /** tau_q = (K + n lambda I)^{-1} G v for each question. */
  const influences = async (questions: readonly Question[]): Promise<Float64Array[]> => {
    const queries: Float32Array[] = []
    const asked = questions.map(({ prompt, answer }) => ({ prompt, answer }))
    for await (const { first, count, rows } of engine.gradients(asked, adapter))
      for (let i = 0; i < count; i++) queries[first + i] = rows.slice(i * meta.size, (i + 1) * meta.size)
    const products = await gradientProducts(gradients, queries)
    return queries.map((_, q) => {
      const k = Float64Array.from({ length: n }, (_, i) => products[i * queries.length + q]!)
      return solve(factor, n, k).map((tau, i) => tau * roots[i]!)
    })
  }

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
    const out: AnswerAttribution[] = []
    const batch = Math.max(1, Math.floor(queryElements / meta.size))
    for (let first = 0; first < questions.length; first += batch) {
      const some = questions.slice(first, first + batch)
      const found = await influences(some)
      for (const [i, question] of some.entries()) out.push(await read(question, found[i]!))
    }
    return out
  }

  return {
    rows: n,
    leverage,
    attribute: async question => (await attributeMany([question]))[0]!,
    attributeMany,
    close: () => gradients.close(),
  }
}
