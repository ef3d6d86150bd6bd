import { join } from 'node:path'
import type { Engine, Example } from '../engine.ts'
import { openGradientRows, writeGradientRows } from './gradient-rows.ts'
import type { BuildOptions, Question } from './index.ts'
import { type Meta, readNumbers, writeNumbers } from './index-files.ts'
import { cholesky, damping, gradientKernel, gradientProducts, leverages, solve } from './kernel.ts'

/** Influence on answers in one of its forms, from a folder. */
export interface Influence {
  /** h_i of every row, 0 to 1. */
  readonly leverage: Float64Array
  /** [questions][rows] nats; positive: removing the row raises the loss of the answer. One pass over the rows. */
  influences(questions: readonly Question[]): Promise<Float64Array[]>
  close(): Promise<void>
}

/** Questions whose gradients are held at once, elements (64 MiB of float32). */
const queryElements = 16 * 2 ** 20

const rootOf = ({ weight = 1 }: Example): number => Math.sqrt(weight)

/**
 * Stores gradient rows (2 bytes a parameter and row), the factor of K + n lambda I and leverages. Returns lambda and the
 * files' SHA-256. Throws `gradient-not-finite`, `kernel-not-positive` and what the engine throws.
 */
export const buildExact = async (
  engine: Engine,
  adapter: string,
  examples: readonly Example[],
  folder: string,
  share: number,
  options: BuildOptions,
): Promise<Pick<Meta, 'damping' | 'files'>> => {
  const n = examples.length
  const size = engine.gradientSize(adapter)
  const writer = await writeGradientRows(join(folder, 'rows.f16'), n, size)
  try {
    let done = 0
    const cancellable = options.signal === undefined ? {} : { signal: options.signal }
    for await (const block of engine.gradients(examples, adapter, cancellable)) {
      await writer.put(block.first, block.rows.subarray(0, block.count * size))
      done += block.count
      options.onProgress?.(done, n)
      options.signal?.throwIfAborted()
    }
  } finally {
    await writer.close()
  }

  // A row of weight w counts w times in F: its gradient enters with the root of w.
  const scales = writer.scales.map((scale, i) => scale * rootOf(examples[i]!))
  const gradients = await openGradientRows(join(folder, 'rows.f16'), n, size, scales)
  const kernel = await gradientKernel(gradients, engine.matmulTransposed).finally(() => gradients.close())
  const lambda = damping(kernel, n, size, share)
  for (let i = 0; i < n; i++) kernel[i * n + i] = kernel[i * n + i]! + n * lambda
  const factor = await cholesky(kernel, n)
  return {
    damping: lambda,
    files: {
      'scales.f64': await writeNumbers(folder, 'scales.f64', scales),
      'factor.f64': await writeNumbers(folder, 'factor.f64', factor),
      'leverage.f64': await writeNumbers(folder, 'leverage.f64', await leverages(factor, n, n * lambda)),
    },
  }
}

/** Opens what `buildExact` wrote. Throws `index-stale`. */
export const openExact = async (
  engine: Engine,
  adapter: string,
  examples: readonly Example[],
  folder: string,
  meta: Meta,
): Promise<Influence> => {
  const { rows: n, size } = meta
  const factor = new Float64Array(await readNumbers(folder, 'factor.f64', meta))
  const leverage = new Float64Array(await readNumbers(folder, 'leverage.f64', meta))
  const scales = new Float64Array(await readNumbers(folder, 'scales.f64', meta))
  const roots = Float64Array.from(examples, rootOf)
  const gradients = await openGradientRows(join(folder, 'rows.f16'), n, size, scales)
  const queriesAtOnce = Math.max(1, Math.floor(queryElements / size))

  /** tau_q = (K + n lambda I)^{-1} G v for each question. */
  const onePass = async (questions: readonly Question[]): Promise<Float64Array[]> => {
    const queries: Float32Array[] = []
    const asked = questions.map(({ prompt, answer }) => ({ prompt, answer }))
    for await (const { first, count, rows } of engine.gradients(asked, adapter))
      for (let i = 0; i < count; i++) queries[first + i] = rows.slice(i * size, (i + 1) * size)
    const products = await gradientProducts(gradients, queries)
    return queries.map((_, q) => {
      const k = Float64Array.from({ length: n }, (_, i) => products[i * queries.length + q]!)
      return solve(factor, n, k).map((tau, i) => tau * roots[i]!)
    })
  }

  return {
    leverage,
    async influences(questions) {
      const out: Float64Array[] = []
      for (let first = 0; first < questions.length; first += queriesAtOnce)
        out.push(...(await onePass(questions.slice(first, first + queriesAtOnce))))
      return out
    },
    close: () => gradients.close(),
  }
}
