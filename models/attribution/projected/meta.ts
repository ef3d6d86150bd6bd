import { createHash } from 'node:crypto'
import { open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { Engine, Example } from '../../engine.ts'
import { adapterHash, examplesHash } from '../index-files.ts'

/** meta.json: what the projected rows were made of; written last, so a folder that has one is whole. */
const metaSchema = z.object({
  format: z.literal(1),
  /** SHA-256 of the adapter, identity of the base, and SHA-256 of the rows and their weights in order. */
  adapter: z.string(),
  base: z.string(),
  examples: z.string(),
  rows: z.number().int(),
  /** Width k and seed of the projection. */
  width: z.number().int(),
  seed: z.number().int(),
  dampingShare: z.number(),
  /** alpha by which scores are multiplied. */
  step: z.number(),
  /** SHA-256 of each file but the rows, whose header and size are checked. */
  files: z.record(z.string(), z.string()),
})
export type ProjectedMeta = z.infer<typeof metaSchema>
export type ProjectedOrigin = Omit<ProjectedMeta, 'format' | 'files' | 'step'>

export const originOf = async (
  engine: Engine,
  adapter: string,
  examples: readonly Example[],
  projection: Pick<ProjectedMeta, 'width' | 'seed' | 'dampingShare'>,
): Promise<ProjectedOrigin> => ({
  adapter: await adapterHash(adapter),
  base: engine.base.hash,
  examples: examplesHash(examples),
  rows: examples.length,
  ...projection,
})

/** What the rows' header hashes: all that decides a row's bytes but the rows themselves. */
export const rowsIdentity = ({ adapter, base, width, seed }: ProjectedOrigin): string =>
  createHash('sha256')
    .update(JSON.stringify([adapter, base, width, seed]))
    .digest('hex')

/** The first rows of these examples that a folder already holds; 0 where it belongs to something else. */
export const keptRows = (
  known: ProjectedMeta | null,
  origin: ProjectedOrigin,
  examples: readonly Example[],
): number => {
  if (known === null || known.rows > examples.length) return 0
  const same = (['adapter', 'base', 'width', 'seed', 'dampingShare'] as const).every(
    key => known[key] === origin[key],
  )
  return same && known.examples === examplesHash(examples.slice(0, known.rows)) ? known.rows : 0
}

/** The folder's meta.json, or null where there is none that can be read: such a folder counts as not built. */
export const readProjectedMeta = async (folder: string): Promise<ProjectedMeta | null> => {
  try {
    return metaSchema.parse(JSON.parse(await readFile(join(folder, 'meta.json'), 'utf8')))
  } catch {
    return null
  }
}

/** Writes meta.json whole or not at all. */
export const writeProjectedMeta = async (folder: string, meta: ProjectedMeta): Promise<void> => {
  const file = await open(join(folder, 'meta.tmp'), 'w')
  try {
    await file.writeFile(JSON.stringify(meta, null, 1))
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(join(folder, 'meta.tmp'), join(folder, 'meta.json'))
}
