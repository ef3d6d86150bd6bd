import { createHash } from 'node:crypto'
import { open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { Engine, Example } from '../../engine.ts'
import { adapterHash, examplesHash } from '../index-files.ts'

/** meta.json: what the projected rows were made of; written last, so a folder that has one is whole. */
const metaSchema = z.object({
  format: z.literal(2),
  /** SHA-256 of the adapter, identity of the base, and SHA-256 of the rows and their weights in order. */
  adapter: z.string(),
  base: z.string(),
  examples: z.string(),
  rows: z.number().int(),
  /** Width k of the projection, null where tensors are whole; seed of the projection; strength of the adapter. */
  width: z.number().int().nullable(),
  seed: z.number().int(),
  strength: z.number(),
  dampingShare: z.number(),
  /** alpha by which scores are multiplied. */
  step: z.number(),
  /** SHA-256 of each file but the rows, whose header and size are checked. */
  files: z.record(z.string(), z.string()),
})
export type InfluenceMeta = z.infer<typeof metaSchema>
export type InfluenceOrigin = Omit<InfluenceMeta, 'format' | 'files' | 'step'>

export const originOf = async (
  engine: Engine,
  adapter: string,
  examples: readonly Example[],
  chosen: Pick<InfluenceMeta, 'width' | 'seed' | 'strength' | 'dampingShare'>,
): Promise<InfluenceOrigin> => ({
  adapter: await adapterHash(adapter),
  base: engine.base.hash,
  examples: examplesHash(examples),
  rows: examples.length,
  ...chosen,
})

/** What the rows' header hashes: all that decides a row's bytes but the rows themselves. */
export const rowsIdentity = ({ adapter, base, width, seed, strength }: InfluenceOrigin): string =>
  createHash('sha256')
    .update(JSON.stringify([adapter, base, width, seed, strength]))
    .digest('hex')

/** What the header of the preconditioned rows hashes: they depend on all rows together. */
export const preconditionedIdentity = (origin: InfluenceOrigin): string =>
  createHash('sha256').update(JSON.stringify(origin)).digest('hex')

/** Files that every row has a part in, named by their number: those of the build before stay until the new ones are whole. */
export const namesOf = (rows: number) => ({
  sums: `sums-${rows}.f32`,
  preconditioned: `preconditioned-${rows}.i8`,
  leverage: `leverage-${rows}.f64`,
})

/** The first rows of these examples that a folder already holds; 0 where it belongs to something else. */
export const keptRows = (
  known: InfluenceMeta | null,
  origin: InfluenceOrigin,
  examples: readonly Example[],
): number => {
  if (known === null || known.rows > examples.length) return 0
  const same = (['adapter', 'base', 'width', 'seed', 'strength', 'dampingShare'] as const).every(
    key => known[key] === origin[key],
  )
  return same && known.examples === examplesHash(examples.slice(0, known.rows)) ? known.rows : 0
}

/** The folder's meta.json, or null where there is none that can be read: such a folder counts as not built. */
export const readInfluenceMeta = async (folder: string): Promise<InfluenceMeta | null> => {
  try {
    return metaSchema.parse(JSON.parse(await readFile(join(folder, 'meta.json'), 'utf8')))
  } catch {
    return null
  }
}

/** Writes meta.json whole or not at all. */
export const writeInfluenceMeta = async (folder: string, meta: InfluenceMeta): Promise<void> => {
  const file = await open(join(folder, 'meta.tmp'), 'w')
  try {
    await file.writeFile(JSON.stringify(meta, null, 1))
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(join(folder, 'meta.tmp'), join(folder, 'meta.json'))
}
