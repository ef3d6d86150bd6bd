import { stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { fault, isFault } from '../infra/errors.ts'
import { readBaseId } from './hub/id.ts'
import type { FetchOptions } from './hub.ts'

/** The base model that ships with the program. */
export const shippedBase = join(import.meta.dirname, 'base/tributary-8m')

const bothWays =
  'Name a folder with config.json, tokenizer.json and model.safetensors, or a Hugging Face model as owner/name or owner/name@revision; leave TRIBUTARY_BASE unset for the shipped one.'

/**
 * The folder of the base that a setting names: `base` (the shipped one), a folder, or a Hugging Face id, which is fetched.
 * What could be both is a folder where one exists; `./owner/name` is never an id.
 * Throws `base-missing` for neither, and the faults of `fetchBase`.
 */
export const resolveBase = async (setting: string, options: FetchOptions): Promise<string> => {
  if (setting === 'base') return shippedBase
  if ((await stat(setting).catch(() => null))?.isDirectory()) return setting
  if (readBaseId(setting) === null)
    throw fault('base-missing', `There is no folder ${resolve(setting)}, and ${setting} is no model id.`, {
      fix: bothWays,
      facts: { setting },
      blame: 'operator',
    })
  // The hub's library is loaded by those who fetch.
  const { fetchBase } = await import('./hub.ts')
  try {
    return await fetchBase(setting, options)
  } catch (cause) {
    if (!isFault(cause, 'base-not-found')) throw cause
    throw fault('base-not-found', `${cause.message} There is no folder ${resolve(setting)} either.`, {
      fix: `${bothWays} A private model needs HF_TOKEN.`,
      facts: cause.facts,
      blame: 'operator',
      cause,
    })
  }
}
