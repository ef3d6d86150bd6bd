import type { Method } from '../judge/method.ts'
import { bm25 } from './bm25.ts'
import { dataInf } from './datainf.ts'
import { embeddingCosine } from './embedding-cosine.ts'
import { gradientCosine } from './gradient-cosine.ts'
import { gradientDot } from './gradient-dot.ts'
import type { GradientParts } from './gradient-panels.ts'
import { length } from './length.ts'
import { logra } from './logra.ts'
import { random } from './random.ts'
import { type Checkpoint, tracIn } from './tracin.ts'
import { trak } from './trak.ts'

export { type GradientCache, openGradientCache, type StoredGradients } from './gradient-cache.ts'
export { learningRateMass } from './learning-rate-mass.ts'
export type { Checkpoint } from './tracin.ts'

export interface BaselineParts extends GradientParts {
  /** Adapters kept during the training, for TracIn; the last one may be `adapter` itself. */
  checkpoints: readonly Checkpoint[]
  /** Decides the random scores and the projections; 1 where absent. */
  seed?: number
  /** Dimensions of TRAK's projection; a quarter of the rows where absent. */
  trakDimensions?: number
}

/**
 * The methods that others have proposed, under the judge's interface. All gradient methods read one pass of gradients for each
 * adapter and list of examples from the cache; the pass over the rows under `adapter` and the checkpoints is made here, the one
 * over the questions by the first method that is asked. They do their work on the rows anew at every call of `scores`, so
 * questions should come together. Rows count with weight 1. 512 rows of 598,016 on one core: a pass takes 25 s of it, and a call
 * for 16 questions 2 to 4 s (dot, cosine, TracIn of one checkpoint), 7 s (DataInf), 13 s (LoGRA) or 16 s (TRAK).
 */
export const openBaselines = async (parts: BaselineParts): Promise<Method[]> => {
  const { engine, adapter, rows, gradients, checkpoints, seed = 1, trakDimensions } = parts
  for (const folder of [adapter, ...checkpoints.map(checkpoint => checkpoint.adapter)])
    await (await gradients.open(folder, rows)).close()
  return [
    random(rows.length, seed),
    length(engine, rows),
    bm25(rows),
    await embeddingCosine(engine, rows),
    gradientDot(parts),
    gradientCosine(parts),
    tracIn(parts),
    trak(parts, { seed, dimensions: trakDimensions }),
    dataInf(parts),
    logra(parts, seed),
  ]
}
