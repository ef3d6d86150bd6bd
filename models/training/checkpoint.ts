import { createHash } from 'node:crypto'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { weightsFile, writeWhole } from '../lora.ts'
import type { TokenExample } from '../packing.ts'
import { encodeSafetensors, parseSafetensors } from '../safetensors.ts'
import type { EvaluationPoint, Recipe, TrainResult } from './recipe.ts'

const checkpointFile = 'checkpoint.safetensors'
const resultFile = 'training.json'

/** Everything that the next step depends on. */
export interface TrainState {
  /** Steps done. */
  step: number
  adapter: Float32Array
  /** AdamW's running means of the gradient and of its square. */
  first: Float32Array
  second: Float32Array
  tokens: number
  seconds: number
  firstLoss: number
  lastLoss: number
  /** Held-out losses so far, and the adapter of the lowest one. */
  evaluations: EvaluationPoint[]
  best: Float32Array | null
}

const evaluations = z.array(z.object({ step: z.int(), loss: z.number() }))

const counters = z.object({
  fingerprint: z.string(),
  step: z.int(),
  tokens: z.number(),
  seconds: z.number(),
  firstLoss: z.number(),
  lastLoss: z.number(),
  evaluations,
})

const resultSchema = z.object({
  fingerprint: z.string(),
  hash: z.string(),
  steps: z.int(),
  tokens: z.number(),
  tokensPerSecond: z.number(),
  seconds: z.number(),
  firstLoss: z.number(),
  lastLoss: z.number(),
  evaluations: evaluations.optional(),
  bestStep: z.int().optional(),
  stoppedEarly: z.boolean().optional(),
  margin: z.number().optional(),
  accuracy: z.number().optional(),
})

/** What decides a training's result, next to its base. */
export interface Decisive {
  recipe: Recipe
  metadata: Readonly<Record<string, string>>
  /** Lists of tokens in a fixed order: what is trained on, what is held out. */
  examples: readonly (readonly TokenExample[])[]
  /** Everything else, as JSON: early stop, preference settings, hashes of other adapters, sizes of groups. */
  rest: unknown
}

/** Names a training by what decides its result. Not by the checkpoint interval. */
export function fingerprintOf(baseHash: string, { recipe, metadata, examples, rest }: Decisive): string {
  const { checkpointEvery: _, ...decisive } = recipe
  const hash = createHash('sha256').update(
    JSON.stringify([baseHash, decisive, Object.entries(metadata).toSorted(), rest]),
  )
  for (const list of examples) {
    hash.update(`${list.length}:`)
    for (const { tokens, answerStart, weight } of list)
      hash.update(`${answerStart} ${weight} ${tokens.join()};`)
  }
  return hash.digest('hex')
}

/** Replaces the folder's checkpoint; a crash leaves the old one or the new one. */
export async function saveCheckpoint(folder: string, fingerprint: string, state: TrainState): Promise<void> {
  const { adapter, first, second, best, ...rest } = state
  const vectors = { adapter, first, second, ...(best ? { best } : {}) }
  const bytes = encodeSafetensors(
    Object.entries(vectors).map(([name, data]) => [name, { shape: [data.length], data }]),
    { state: JSON.stringify({ fingerprint, ...rest }) },
  )
  await writeWhole(join(folder, checkpointFile), bytes)
}

/** The folder's checkpoint where it belongs to this training; an unreadable or foreign one counts as none. */
export async function loadCheckpoint(
  folder: string,
  fingerprint: string,
  size: number,
): Promise<TrainState | null> {
  const path = join(folder, checkpointFile)
  const bytes = await readFile(path).catch(() => null)
  if (bytes === null) return null
  try {
    const { tensors, metadata } = parseSafetensors(bytes, path)
    const { fingerprint: own, ...rest } = counters.parse(JSON.parse(metadata.state ?? ''))
    const [adapter, first, second] = ['adapter', 'first', 'second'].map(name => tensors.get(name)?.data)
    const best = tensors.get('best')?.data ?? null
    if (own !== fingerprint || adapter?.length !== size || first?.length !== size || second?.length !== size)
      return null
    if (rest.evaluations.length > 0 && best?.length !== size) return null
    return { ...rest, adapter, first, second, best }
  } catch {
    return null
  }
}

/** Marks the training as done; its checkpoint is no longer needed. */
export async function saveResult(folder: string, fingerprint: string, result: TrainResult): Promise<void> {
  await writeWhole(
    join(folder, resultFile),
    Buffer.from(`${JSON.stringify({ fingerprint, ...result }, null, 2)}\n`),
  )
  await rm(join(folder, checkpointFile), { force: true })
}

/** The result of this very training where the folder holds it complete, its weights unchanged. */
export async function loadResult(
  folder: string,
  fingerprint: string,
): Promise<(TrainResult & { margin?: number; accuracy?: number }) | null> {
  try {
    const { fingerprint: own, ...result } = resultSchema.parse(
      JSON.parse(await readFile(join(folder, resultFile), 'utf8')),
    )
    const hash = createHash('sha256')
      .update(await readFile(join(folder, weightsFile)))
      .digest('hex')
    return own === fingerprint && hash === result.hash ? (result as TrainResult) : null
  } catch {
    return null
  }
}
