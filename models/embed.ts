import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { refuseAdapter } from './adapter-config.ts'
import { openBaseFolder } from './base.ts'
import { weightsFile } from './lora.ts'
import { feedsFor, type Model } from './model.ts'
import { packSequences } from './packing.ts'
import type { Tensor } from './session.ts'
import { groupsWithin } from './training/schedule.ts'

const places = 4096

/** The folder in a base's folder whose adapter makes the embeddings; without it the base alone makes them. */
export const embeddingFolder = 'embedding-adapter'

/** An adapter that was tuned for embeddings, as `Model.adapted` takes it. */
export interface EmbeddingAdapter {
  folder: string
  /** SHA-256 of its weights, hex: vectors of one embedding cannot be compared with those of another. */
  hash: string
}

/**
 * The embedding adapter that lies in a base's folder, or null; `baseHash` names the base by content. Its manifest.json is held
 * to as the base's own is. Errors: `base-corrupt` (a file is absent, changed or added), `adapter-invalid` (another base's).
 */
export async function openEmbeddingAdapter(base: string, baseHash: string): Promise<EmbeddingAdapter | null> {
  const folder = join(base, embeddingFolder)
  if (!(await stat(folder).catch(() => null))?.isDirectory()) return null
  const hash = (await openBaseFolder(folder)).files.get(weightsFile)
  const text = await readFile(join(folder, 'manifest.json'), 'utf8').catch(() => null)
  const manifest = z.object({ base: z.string().optional() }).parse(JSON.parse(text ?? '{}'))
  const reasons: string[] = []
  if (hash === undefined) reasons.push(`its weights are not in ${weightsFile}`)
  if (manifest.base !== undefined && manifest.base !== baseHash) reasons.push('it was tuned on another base')
  if (hash === undefined || reasons.length > 0) throw refuseAdapter(folder, reasons)
  return { folder, hash }
}

/**
 * Mean of the last hidden state over each sequence's tokens, L2-normalised, [dim] each; an empty sequence gives zeros.
 * `weights` are the base's, or those that an adapter is merged into.
 */
export async function meanHidden(
  model: Model,
  sequences: readonly (readonly number[])[],
  weights: Readonly<Record<string, Tensor>> = model.weights,
): Promise<Float32Array[]> {
  const { dim } = model.config
  const out = sequences.map(() => new Float32Array(dim))
  const lengths = sequences.map(sequence => sequence.length)
  const order = [...lengths.keys()]
    .filter(index => lengths[index]! > 0)
    .toSorted((a, b) => lengths[a]! - lengths[b]! || a - b)
  const session = await model.hidden()
  for (const group of groupsWithin(order, lengths, places)) {
    const feeds = packSequences(
      group.map(index => sequences[index]!),
      model.config,
    )
    const hidden = (await session.run(feedsFor(session, feeds, weights))).hidden!.data as Float32Array
    let row = 0
    for (const index of group) {
      const mean = out[index]!
      for (let t = 0; t < lengths[index]!; t++, row++) {
        for (let d = 0; d < dim; d++) mean[d]! += hidden[row * dim + d]!
      }
      const norm = Math.hypot(...mean) || 1
      for (let d = 0; d < dim; d++) mean[d]! /= norm
    }
  }
  return out
}
