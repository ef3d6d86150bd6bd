import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { z } from 'zod'
import { fault, isFault } from '../infra/errors.ts'

/** Files that decide what the model computes; their hashes together are the model's identity. */
const decisive =
  /^(config|tokenizer|tokenizer_config|special_tokens_map|vocab|model\.safetensors\.index)\.json$|^chat_template\.(jinja|json)$|^merges\.txt$|\.safetensors$/

const manifestSchema = z.object({
  name: z.string().min(1),
  licence: z.string().optional(),
  files: z.record(z.string().regex(/^[\w.-]+$/), z.string().regex(/^[0-9a-f]{64}$/)),
})

export interface BaseFolder {
  /** The manifest's name, or the folder's where there is no manifest. */
  name: string
  /** Of the weights, as the manifest gives it. */
  licence: string | null
  /** SHA-256 over the sorted lines `<sha256>  <file>` of the files that decide what the model computes. */
  hash: string
  /** File name to SHA-256 hex. */
  files: ReadonlyMap<string, string>
}

/**
 * Checks a base model's folder and names it by content.
 * With a manifest.json every file must have the listed SHA-256 and no unlisted model file may lie beside them; without one
 * the hashes are computed and nothing is written.
 * Throws `base-missing` (no folder, or no weights in it) and `base-corrupt` (a file is absent, changed or added).
 */
export const openBaseFolder = async (folder: string): Promise<BaseFolder> => {
  const present = await modelFiles(folder)
  const manifest = await readManifest(folder)
  const names = manifest === null ? present : Object.keys(manifest.files)
  const added = present.find(name => !names.includes(name))
  if (added !== undefined) throw corrupt(folder, added, 'is not listed in the manifest')
  const files = new Map<string, string>()
  for (const name of names.toSorted()) {
    const hash = await sha256File(join(folder, name)).catch(cause => {
      throw corrupt(folder, name, 'cannot be read', cause)
    })
    if (manifest !== null && hash !== manifest.files[name])
      throw corrupt(folder, name, 'is not the file that the manifest names')
    files.set(name, hash)
  }
  if (![...files.keys()].some(name => name.endsWith('.safetensors')))
    throw fault('base-missing', `The folder ${folder} holds no safetensors weights.`, {
      fix: 'Name a folder with config.json, tokenizer.json and model.safetensors.',
      facts: { folder },
      blame: 'operator',
    })
  return {
    name: manifest?.name ?? basename(folder),
    licence: manifest?.licence ?? null,
    hash: identity(files),
    files,
  }
}

/** SHA-256 hex of a file, read in pieces. */
export const sha256File = async (path: string): Promise<string> => {
  const hash = createHash('sha256')
  for await (const piece of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(piece as Buffer)
  return hash.digest('hex')
}

const identity = (files: ReadonlyMap<string, string>): string => {
  const lines = [...files].filter(([name]) => decisive.test(name)).map(([name, hash]) => `${hash}  ${name}\n`)
  return createHash('sha256').update(lines.toSorted().join('')).digest('hex')
}

const modelFiles = async (folder: string): Promise<string[]> => {
  const entries = await readdir(folder).catch(cause => {
    throw fault('base-missing', `The base model's folder ${folder} cannot be read.`, {
      fix: 'Name a folder that exists, or leave the base unset for the shipped model.',
      facts: { folder },
      blame: 'operator',
      cause,
    })
  })
  return entries.filter(name => decisive.test(name))
}

const readManifest = async (folder: string): Promise<z.infer<typeof manifestSchema> | null> => {
  const path = join(folder, 'manifest.json')
  if (!(await stat(path).catch(() => null))) return null
  try {
    return manifestSchema.parse(JSON.parse(await readFile(path, 'utf8')))
  } catch (cause) {
    if (isFault(cause)) throw cause
    throw corrupt(folder, 'manifest.json', 'is not a readable manifest', cause)
  }
}

const corrupt = (folder: string, file: string, what: string, cause?: unknown) =>
  fault('base-corrupt', `The base model's file ${file} ${what}.`, {
    fix: `Restore ${folder} from where the model came from; for the shipped model: git checkout -- models/base.`,
    facts: { folder, file },
    blame: 'operator',
    ...(cause === undefined ? {} : { cause }),
  })
