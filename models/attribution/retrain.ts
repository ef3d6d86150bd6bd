import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Engine, Example, Recipe } from '../engine.ts'
import type { Subset } from './subsets.ts'

/** One adapter to be tuned on a part of the rows; the others keep their slots with weight 0, so that order and divisor stay. */
export interface Retraining {
  /** Factor of each row's weight; length rows. */
  readonly weights: Float64Array
  readonly seed: number
}

export interface Retrainer {
  /** The adapters, in order. Those made before by the same base, recipe, rows, weights and seed are taken from the cache. */
  adapters(retrainings: readonly Retraining[], options?: RetrainOptions): Promise<Retrained[]>
  /** Nats of each question's answer under each adapter: [adapters][questions]; kept beside the adapter. */
  outcomes(adapters: readonly string[], questions: readonly Example[]): Promise<Float64Array[]>
  /** Answer tokens of the questions, their ends included. */
  tokens(questions: readonly Example[]): Promise<number>
  /** How many of the retrainings are not in the cache, as a share of all rows each: what is left to do. */
  missing(retrainings: readonly Retraining[]): number
}

export interface Retrained {
  readonly folder: string
  /** sha256 of its weights. */
  readonly hash: string
}

export interface RetrainOptions {
  onProgress?(done: number, total: number): void
  signal?: AbortSignal
  /** Steps after which an adapter is also kept as it stands; see `TrainOptions`. */
  keepAt?: readonly number[]
}

export interface RetrainerParts {
  /** Each tunes one adapter at a time; engines of one thread each are half as fast again as one of all threads. */
  engines: readonly Engine[]
  examples: readonly Example[]
  recipe: Recipe
  /** The cache: a folder an adapter. */
  folder: string
}

/** Weights of rows from a subset of their clusters. */
export const rowWeights = (subset: Subset, clusterOf: Uint32Array): Float64Array =>
  Float64Array.from(clusterOf, cluster => subset[cluster]!)

/**
 * Retrains on parts of the data, some at once, and keeps every adapter. A process that is killed goes on from the last checkpoint
 * when it is called again. Errors: those of `Engine.train`.
 */
export const openRetrainer = ({ engines, examples, recipe, folder }: RetrainerParts): Retrainer => {
  const rows = hashOf(JSON.stringify(examples))
  const known = (retraining: Retraining): string => {
    const recipeText = JSON.stringify(Object.entries({ ...recipe, seed: retraining.seed }).sort())
    return hashOf(
      engines[0]!.base.hash,
      recipeText,
      rows,
      retraining.weights.join(),
      String(engines[0]!.status().threads),
    )
  }
  const making = new Map<string, Promise<string>>()
  const spread = async <T, R>(
    items: readonly T[],
    work: (engine: Engine, item: T) => Promise<R>,
  ): Promise<R[]> => {
    const out: R[] = []
    let next = 0
    await Promise.all(
      engines.map(async engine => {
        while (next < items.length) {
          const at = next++
          out[at] = await work(engine, items[at]!)
        }
      }),
    )
    return out
  }
  return {
    async adapters(retrainings, { onProgress, signal, keepAt } = {}) {
      let done = 0
      return spread(retrainings, async (engine, retraining) => {
        signal?.throwIfAborted()
        const key = known(retraining)
        const own = join(folder, key)
        // Two equal retrainings are one: they would write over each other.
        const under = making.get(key)
        if (under !== undefined) return { folder: own, hash: await under }
        const training = engine.train(
          examples.map((example, i) => ({
            ...example,
            weight: (example.weight ?? 1) * retraining.weights[i]!,
          })),
          { ...recipe, seed: retraining.seed },
          {
            folder: own,
            ...(signal === undefined ? {} : { signal }),
            ...(keepAt === undefined ? {} : { keepAt }),
          },
        )
        const hashed = training.then(result => result.hash)
        making.set(key, hashed)
        const hash = await hashed.finally(() => making.delete(key))
        onProgress?.(++done, retrainings.length)
        return { folder: own, hash }
      })
    },
    async tokens(questions) {
      const { tokens } = await engines[0]!.losses(questions, null)
      return tokens.reduce((sum, count) => sum + count, 0)
    },
    missing: retrainings =>
      retrainings
        .filter(retraining => !existsSync(join(folder, known(retraining), 'training.json')))
        .reduce((sum, { weights }) => sum + weights.filter(weight => weight > 0).length / weights.length, 0),
    outcomes: (adapters, questions) => {
      const asked = hashOf(JSON.stringify(questions)).slice(0, 16)
      return spread(adapters, async (engine, adapter) => {
        const path = join(adapter, `nats-${asked}.json`)
        const kept = await readFile(path, 'utf8').catch(() => null)
        if (kept !== null) return Float64Array.from(JSON.parse(kept) as number[])
        const { nats } = await engine.losses(questions, adapter)
        await mkdir(adapter, { recursive: true })
        await writeFile(`${path}.part`, JSON.stringify([...nats]))
        await rename(`${path}.part`, path)
        return nats
      })
    },
  }
}

const hashOf = (...parts: readonly string[]): string => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part).update('\0')
  return hash.digest('hex').slice(0, 32)
}
