import { createHash } from 'node:crypto'
import { open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { fault } from '../../infra/errors.ts'
import { sha256File } from '../base.ts'
import type { Example } from '../engine.ts'

/** meta.json: what the index was made of; written last, so a folder that has one is whole. */
const metaSchema = z.object({
  format: z.literal(3),
  /** SHA-256 of the adapter's weights and configuration. */
  adapter: z.string(),
  /** Identity of the base model. */
  base: z.string(),
  /** SHA-256 of the examples and their weights, in order. */
  examples: z.string(),
  rows: z.number().int(),
  /** Parameters of the adapter: the length p of a gradient row. */
  size: z.number().int(),
  vocabulary: z.number().int(),
  /** Form of the influence, which keeps its own files in a folder `influence`. */
  form: z.enum(['exact', 'projected']),
  /** c of the damping. */
  dampingShare: z.number(),
  /** SHA-256 of every other file but the gradient rows, whose size is checked. */
  files: z.record(z.string(), z.string()),
})
export type Meta = z.infer<typeof metaSchema>

/** What an index belongs to; it is of no use to another adapter, base or set of rows. */
export type Origin = Pick<Meta, 'adapter' | 'base' | 'examples' | 'rows' | 'size' | 'vocabulary'>

export const examplesHash = (examples: readonly Example[]): string => {
  const hash = createHash('sha256')
  for (const { prompt, answer, weight = 1 } of examples)
    hash.update(`${JSON.stringify([prompt, answer, weight])}\n`)
  return hash.digest('hex')
}

export const adapterHash = async (folder: string): Promise<string> => {
  const parts = await Promise.all(
    ['adapter_model.safetensors', 'adapter_config.json'].map(name => sha256File(join(folder, name))),
  ).catch(cause => {
    throw fault('adapter-missing', `The adapter's folder ${folder} cannot be read.`, {
      fix: 'Name the folder that the training wrote.',
      facts: { folder },
      blame: 'ours',
      cause,
    })
  })
  return createHash('sha256').update(parts.join('\n')).digest('hex')
}

/** The folder's meta.json, or null where there is none that can be read: such a folder counts as not built. */
export const readMeta = async (folder: string): Promise<Meta | null> => {
  const text = await readFile(join(folder, 'meta.json'), 'utf8').catch(() => null)
  if (text === null) return null
  try {
    return metaSchema.parse(JSON.parse(text))
  } catch {
    return null
  }
}

export const belongsTo = (meta: Meta, origin: Origin): boolean =>
  (Object.keys(origin) as (keyof Origin)[]).every(key => meta[key] === origin[key])

/** Writes meta.json whole or not at all. */
export const writeMeta = async (folder: string, meta: Meta): Promise<void> => {
  await writeWhole(join(folder, 'meta.tmp'), Buffer.from(JSON.stringify(meta, null, 1)))
  await rename(join(folder, 'meta.tmp'), join(folder, 'meta.json'))
  const directory = await open(folder, 'r')
  await directory.sync().finally(() => directory.close())
}

type Numbers = Float64Array | Uint32Array | Uint16Array

/** Writes an array's bytes (little-endian, as every machine that Node supports) and returns their SHA-256. */
export const writeNumbers = async (folder: string, name: string, numbers: Numbers): Promise<string> => {
  const bytes = Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength)
  await writeWhole(join(folder, name), bytes)
  return createHash('sha256').update(bytes).digest('hex')
}

/** Reads what `writeNumbers` wrote. Throws `index-stale` where its bytes are not the ones that meta.json names. */
export const readNumbers = async (folder: string, name: string, meta: Meta): Promise<ArrayBuffer> => {
  const bytes = await readFile(join(folder, name)).catch(() => null)
  if (bytes === null || createHash('sha256').update(bytes).digest('hex') !== meta.files[name])
    throw stale(folder, `its file ${name} is absent or changed`)
  // A copy of its own: small files come in Node's shared pool, at odd offsets.
  return new Uint8Array(bytes).buffer
}

export const stale = (folder: string, why: string) =>
  fault('index-stale', `The attribution index cannot be used: ${why}.`, {
    fix: 'Build the index again for this adapter and these rows.',
    facts: { folder },
    blame: 'ours',
  })

const writeWhole = async (path: string, bytes: Buffer): Promise<void> => {
  const file = await open(path, 'w')
  try {
    await file.writeFile(bytes)
    await file.sync()
  } finally {
    await file.close()
  }
}
