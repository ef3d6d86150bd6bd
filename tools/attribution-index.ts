import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Attribution, buildIndex, openIndex } from '../models/attribution/index.ts'
import { checkedAdapter } from './adapter.ts'
import type { Context, Network } from './context.ts'
import { findReleaseById } from './find.ts'
import { snapshotRows, trainingExamples } from './rows.ts'

/** Indexes are opened once per process and adapter; a promise is kept so that two callers share one build. */
const open = new WeakMap<Network['engine'], Map<string, Promise<Attribution>>>()

/** The attribution index of a release, built on first use (seconds to a minute) and kept on disk under the adapter's hash. */
export const attributionOf = async (context: Context, releaseId: string): Promise<Attribution> => {
  const release = await findReleaseById(context.db, releaseId)
  const known = open.get(context.engine) ?? new Map<string, Promise<Attribution>>()
  open.set(context.engine, known)
  const found = known.get(release.adapterHash)
  if (found !== undefined) return found
  const opening = openOne(context, release.adapterHash, release.snapshotId)
  known.set(release.adapterHash, opening)
  opening.catch(() => known.delete(release.adapterHash))
  return opening
}

/**
 * Forgets the indexes of these adapters, on disk too: they hold the tokens of every row, also of one that was withdrawn.
 * The next look builds them again without it.
 */
export const forgetIndexes = async (network: Network, adapterHashes: readonly string[]): Promise<void> => {
  for (const hash of adapterHashes) {
    const opened = open.get(network.engine)?.get(hash)
    open.get(network.engine)?.delete(hash)
    await (await opened?.catch(() => undefined))?.close()
    await rm(indexFolder(network, hash), { recursive: true, force: true })
  }
}

const indexFolder = (network: Pick<Network, 'folder'>, adapterHash: string): string =>
  join(network.folder, 'attribution', adapterHash)

const openOne = async (context: Context, adapterHash: string, snapshotId: string): Promise<Attribution> => {
  const adapter = await checkedAdapter(context, adapterHash)
  const examples = trainingExamples(await snapshotRows(context.db, snapshotId))
  const folder = indexFolder(context, adapterHash)
  await buildIndex(context.engine, adapter, examples, folder, {
    onProgress: (done, total) => context.emit({ kind: 'progress', step: done, steps: total }),
    ...(context.signal === undefined ? {} : { signal: context.signal }),
  })
  return openIndex(context.engine, adapter, examples, folder)
}
