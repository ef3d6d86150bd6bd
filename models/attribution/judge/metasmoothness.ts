import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Example } from '../../engine.ts'
import type { Clustering } from '../clusters.ts'
import type { Retrainer } from '../retrain.ts'
import { seeds } from './truth.ts'

/** Part of their weight that half of the clusters lose at each of the two steps. */
const stepSize = 0.05

/**
 * Empirical metasmoothness of a recipe (Engstrom et al. 2025): three trainings at even steps along one direction in the rows'
 * weights; how well the signs of the first change agree with those of the second, weighed by its size. 1 where the outcome
 * moves evenly with the data, 0 where it jumps at random. Over the adapter's parameters, and over the questions' nats.
 */
export const metasmoothness = async (parts: {
  retrainer: Retrainer
  clustering: Clustering
  questions: readonly Example[]
}): Promise<{ adapter: number; outcomes: number }> => {
  const { retrainer, clustering, questions } = parts
  const at = (step: number) =>
    Float64Array.from(clustering.of, cluster => 1 - (cluster % 2 === 0 ? step * stepSize : 0))
  const adapters = await retrainer.adapters([0, 1, 2].map(step => ({ weights: at(step), seed: seeds.same })))
  const folders = adapters.map(({ folder }) => folder)
  const [f0, f1, f2] = (await retrainer.outcomes(folders, questions)) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ]
  const [a0, a1, a2] = folders.map(parametersOf) as [Float32Array, Float32Array, Float32Array]
  return { adapter: signAgreement(a0, a1, a2), outcomes: signAgreement(f0, f1, f2) }
}

/** Sum of |b - a| x sign(b - a) x sign(c - b), over the sum of |b - a|. */
export const signAgreement = (a: ArrayLike<number>, b: ArrayLike<number>, c: ArrayLike<number>): number => {
  let [agreed, all] = [0, 0]
  for (let i = 0; i < a.length; i++) {
    const first = b[i]! - a[i]!
    agreed += first * Math.sign(c[i]! - b[i]!)
    all += Math.abs(first)
  }
  return all > 0 ? agreed / all : 1
}

/** All float32 values of an adapter's safetensors, in file order. */
const parametersOf = (folder: string): Float32Array => {
  const bytes = readFileSync(join(folder, 'adapter_model.safetensors'))
  const header = Number(bytes.readBigUInt64LE(0))
  return new Float32Array(bytes.subarray(8 + header).slice().buffer)
}
