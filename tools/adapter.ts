import { existsSync } from 'node:fs'
import { cp, mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { hashFile } from '../infra/blobs.ts'
import { fault } from '../infra/errors.ts'
import type { Network } from './context.ts'

/** Where the adapter of that hash lies. */
export const adapterFolder = (folder: string, hash: string): string => join(folder, 'adapters', hash)

/** Copies, then renames: a folder under `adapters/` is always whole. */
export const fileAdapter = async (from: string, to: string): Promise<void> => {
  if (existsSync(to)) return
  const aside = `${to}.part`
  await rm(aside, { recursive: true, force: true })
  await mkdir(aside, { recursive: true })
  for (const file of ['adapter_config.json', 'adapter_model.safetensors'])
    await cp(join(from, file), join(aside, file))
  await rename(aside, to)
}

const checked = new WeakMap<Network['engine'], Set<string>>()

/**
 * The folder of an adapter, once its weights have the hash that is on chain; looked at once a process.
 * Throws `adapter-corrupt`: nothing is answered, judged or paid by weights that nobody released.
 */
export const checkedAdapter = async (
  network: Pick<Network, 'folder' | 'engine'>,
  hash: string,
): Promise<string> => {
  const folder = adapterFolder(network.folder, hash)
  const seen = checked.get(network.engine) ?? new Set<string>()
  checked.set(network.engine, seen)
  if (seen.has(hash)) return folder
  const found = await hashFile(join(folder, 'adapter_model.safetensors')).catch(() => 'nothing')
  if (found !== hash)
    throw fault(
      'adapter-corrupt',
      `The weights of adapter ${hash.slice(0, 12)} are not those that were released.`,
      {
        fix: `Restore ${folder} from a backup.`,
        facts: { hash, found },
        blame: 'operator',
      },
    )
  seen.add(hash)
  return folder
}
