import { randomBytes } from 'node:crypto'
import { constants, mkdir, open, rm, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fault, isFault, type TributaryError } from '../../infra/errors.ts'
import { adapterConfigOf, configFile, type LoraShape } from '../../models/adapter-config.ts'
import { readAdapter, weightsFile } from '../../models/lora.ts'
import { parseSafetensors } from '../../models/safetensors.ts'
import { adapterFolder, fileAdapter } from '../adapter.ts'
import type { Context } from '../context.ts'

/** An adapter that was found usable, under its hash. */
export interface Brought {
  readonly hash: string
  readonly shape: LoraShape
  /** What its own header says of it: root of the rows, base and run where a node like this one made it. */
  readonly manifest: { readonly snapshot?: string; readonly base?: string; readonly run?: string }
}

const mostConfig = 2 ** 20
const mostWeights = 2 ** 30

/**
 * Copies a PEFT adapter from a folder into the network's store, once it holds: LoRA in safetensors, of this base, with every
 * tensor that its config names, in shape and finite. It is read from the copy, so that nobody changes it in between, and only
 * its two files are looked at. The config is written anew: what it said besides the adapter's shape stays outside.
 * Throws `adapter-invalid` with all reasons, `adapter-unreadable`, and `base-mismatch` for an adapter of another base.
 * @param sameBase the caller says that a base of another name has the same weights
 */
export const bringAdapter = async (context: Context, folder: string, sameBase: boolean): Promise<Brought> => {
  const aside = join(context.folder, 'adapters', `brought-${randomBytes(8).toString('hex')}`)
  await mkdir(aside, { recursive: true })
  try {
    const config = await readBounded(folder, configFile, mostConfig)
    const weights = await readBounded(folder, weightsFile, mostWeights)
    if (config !== null) await writeFile(join(aside, configFile), config)
    if (weights !== null) await writeFile(join(aside, weightsFile), weights)
    const { hash, shape } = await readAdapter(
      // Where there are no weights, what lies in their place is named.
      config === null || weights === null ? folder : aside,
      context.engine.base.config,
    ).catch(error => {
      throw isFault(error) ? refusedAs(error, aside, folder) : error
    })
    const { metadata } = parseSafetensors(weights!, weightsFile)
    sameBaseOrRefuse(context, JSON.parse(config!.toString('utf8')), metadata.base, sameBase)
    await writeFile(
      join(aside, configFile),
      `${JSON.stringify(adapterConfigOf(shape, context.engine.base.name), null, 2)}\n`,
    )
    await fileAdapter(aside, adapterFolder(context.folder, hash))
    return { hash, shape, manifest: manifestOf(metadata) }
  } finally {
    await rm(aside, { recursive: true, force: true })
  }
}

/** The same refusal, of the folder that was named. */
const refusedAs = (error: TributaryError, aside: string, folder: string): TributaryError =>
  fault(error.code, error.message.replaceAll(aside, folder), { fix: error.fix, cause: error })

const word = /^[0-9a-f]{64}$/

const manifestOf = ({ snapshot, base, run }: Readonly<Record<string, string>>): Brought['manifest'] => ({
  ...(word.test(snapshot ?? '') ? { snapshot: snapshot! } : {}),
  ...(word.test(base ?? '') ? { base: base! } : {}),
  ...(/^[0-9a-f-]{36}$/.test(run ?? '') ? { run: run! } : {}),
})

/** The bytes of a file of the folder, or null where it has none. A device or a pipe is no file of an adapter. */
const readBounded = async (folder: string, name: string, most: number): Promise<Buffer | null> => {
  const refused = (why: string, cause?: unknown) =>
    fault('adapter-unreadable', `${name} cannot be read: ${why}.`, {
      fix: 'Name a folder with adapter_config.json and adapter_model.safetensors.',
      cause,
    })
  // Without O_NONBLOCK a pipe would hold this up until somebody writes into it.
  const flags = constants.O_RDONLY | constants.O_NONBLOCK
  const handle = await open(join(folder, name), flags).catch(error => {
    if (['ENOENT', 'ENOTDIR'].includes(error.code)) return null
    throw refused('it may not be opened', error)
  })
  if (handle === null) return null
  try {
    const about = await handle.stat()
    if (!about.isFile()) throw refused('it is no file')
    if (about.size > most) throw refused(`it has more than ${most / 2 ** 20} MiB`)
    return await handle.readFile()
  } finally {
    await handle.close()
  }
}

/** By the hash in its header; else by the name in its config, whose last part is enough: folders and owners differ. */
const sameBaseOrRefuse = (
  context: Context,
  config: unknown,
  hash: string | undefined,
  sameBase: boolean,
): void => {
  const { base } = context.engine
  const mismatch = (said: string) =>
    fault('base-mismatch', `The adapter is for ${said}, and this network's base is ${base.name}.`, {
      fix: 'Tune it on the base of this network, or say sameBase=yes if those weights are the same.',
    })
  if (hash !== undefined) {
    if (hash !== base.hash) throw mismatch(`a base with the hash ${hash.slice(0, 12)}`)
    return
  }
  const name: unknown = Reflect.get(Object(config), 'base_model_name_or_path')
  if (sameBase || typeof name !== 'string' || name === '') return
  const last = (path: string) => basename(path.replaceAll('\\', '/')).split('@')[0]!.toLowerCase()
  if (last(name) !== last(base.name)) throw mismatch(`the base "${last(name).slice(0, 60)}"`)
}
