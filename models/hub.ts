import { mkdir, readFile, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { fault, isFault } from '../infra/errors.ts'
import { readConfig } from './architectures/read-config.ts'
import { type CachedModel, cachedModel } from './hub/cache.ts'
import { bytesHere, downloadFile } from './hub/download.ts'
import { parseBaseId } from './hub/id.ts'
import { type HubFile, indexFile, type Listing, listed, readListing, unreadable } from './hub/listing.ts'
import { type DownloadProgress, progressMeter } from './hub/progress.ts'
import { type Hub, type HubOptions, openHub } from './hub/request.ts'

export type { DownloadProgress } from './hub/progress.ts'

export interface FetchOptions extends HubOptions {
  /** The folder in which fetched bases are kept. */
  cache: string
  /** Takes a model's folder in the cache for this process, as `openFolder` does; throws `folder-in-use` where another has it. */
  hold(folder: string): { release(): void }
  onProgress?(progress: DownloadProgress): void
  /** Free bytes of the disk that holds a folder; for tests. */
  freeBytes?(folder: string): Promise<number>
}

/** A JSON index of the largest public models has a tenth of that. */
const MOST_INDEX_BYTES = 64 << 20

/**
 * Fetches a base from the Hugging Face hub into the cache, and returns its folder, fit for `openBaseFolder`.
 * `id` is `owner/name` or `owner/name@revision`. A revision that was fetched once is taken from the cache from then on, without
 * the network: a branch does not move under the adapters that were tuned on it. Name another revision to move.
 * Throws `base-not-found`, `base-forbidden`, `base-missing` and `base-unsupported` before any weights are fetched, and
 * `base-download` (a retry goes on where this try ended where `retry` is true); the signal's reason when aborted.
 */
export const fetchBase = async (id: string, options: FetchOptions): Promise<string> => {
  const base = parseBaseId(id)
  const cached = cachedModel(options.cache, base)
  const known = await cached.whole(base.revision)
  if (known !== null) return known
  const hub = openHub(base, options)
  hub.check()
  await mkdir(cached.folder, { recursive: true })
  const held = holdFolder(id, cached.folder, options)
  try {
    const listing = await readListing(hub)
    const { commit, licence } = listing
    let folder = await cached.whole(commit)
    if (folder === null) {
      const files = await fetchFiles(hub, listing, await cached.arriving(commit), options)
      folder = await cached.finish(commit, {
        name: `${base.repo}@${commit}`,
        ...(licence === null ? {} : { licence }),
        files: Object.fromEntries(files),
      })
    }
    await cached.remember(base.revision, commit)
    return folder
  } finally {
    held.release()
  }
}

/** Fetches all that the base needs; first what tells whether it can be run, and how much is to come. */
const fetchFiles = async (
  hub: Hub,
  { commit, small, weights, all }: Listing,
  folder: string,
  options: FetchOptions,
): Promise<Map<string, string>> => {
  const hashes = new Map<string, string>()
  const [config, ...others] = small.map(({ name }) => listed(hub, all, name))
  const first = [config!, listed(hub, all, weights.name)].slice(0, weights.name === indexFile ? 2 : 1)
  if (first.some(({ bytes }) => bytes > MOST_INDEX_BYTES)) throw unreadable(hub, 'its index is too long')
  for (const file of first) hashes.set(file.name, await downloadFile(hub, commit, file, folder, () => {}))
  await readConfig(folder)
  const shards = weights.name === indexFile ? await shardsOf(hub, folder, all) : [weights]
  const rest = [...others, ...shards.map(({ name }) => listed(hub, all, name))]
  await needRoom(hub, rest, folder, options)
  const files = [...first, ...rest]
  const meter = progressMeter(
    files.reduce((sum, { bytes }) => sum + bytes, 0),
    progress => options.onProgress?.(progress),
  )
  for (const { bytes } of first) meter.ended(bytes)
  for (const file of rest) {
    const onBytes = (here: number, fresh: number): void => meter.arrived(file.name, here, fresh)
    hashes.set(file.name, await downloadFile(hub, commit, file, folder, onBytes))
    meter.ended(file.bytes)
  }
  return hashes
}

const indexSchema = z.looseObject({ weight_map: z.record(z.string(), z.string().endsWith('.safetensors')) })

const shardsOf = async (hub: Hub, folder: string, all: Listing['all']): Promise<HubFile[]> => {
  let index: z.infer<typeof indexSchema>
  try {
    index = indexSchema.parse(JSON.parse(await readFile(join(folder, indexFile), 'utf8')))
  } catch (cause) {
    throw unreadable(hub, `${indexFile} cannot be read`, cause)
  }
  return [...new Set(Object.values(index.weight_map))].toSorted().map(name => listed(hub, all, name))
}

const needRoom = async (
  hub: Hub,
  files: readonly HubFile[],
  folder: string,
  { freeBytes = freeOf }: FetchOptions,
): Promise<void> => {
  let needed = 0
  for (const file of files) needed += file.bytes - (await bytesHere(folder, file))
  const free = await freeBytes(folder)
  if (needed <= free) return
  const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(2)} GB`
  throw fault(
    'base-download',
    `${hub.id.repo} needs ${gigabytes(needed)} more, and the disk of ${folder} has ${gigabytes(free)} free: ${gigabytes(needed - free)} are missing.`,
    {
      fix: 'Make room, or set TRIBUTARY_CACHE to a folder on another disk.',
      facts: { base: hub.id.repo, needed, free, missing: needed - free },
      blame: 'operator',
    },
  )
}

const freeOf = async (folder: string): Promise<number> => {
  const { bavail, bsize } = await statfs(folder)
  return bavail * bsize
}

const holdFolder = (id: string, folder: CachedModel['folder'], { hold }: FetchOptions) => {
  try {
    return hold(folder)
  } catch (cause) {
    if (!isFault(cause, 'folder-in-use')) throw cause
    throw fault('base-download', `${id} is being fetched by process ${cause.facts.pid}.`, {
      fix: 'Start again when it is there.',
      facts: { base: id },
      retry: true,
      blame: 'operator',
      cause,
    })
  }
}
