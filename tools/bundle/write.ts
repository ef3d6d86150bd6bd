import { randomBytes } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { pack } from 'tar-stream'
import { canonicalJson, sha256Hex } from '../../infra/canonical.ts'
import type { Db } from '../../infra/db.ts'
import { fault } from '../../infra/errors.ts'
import type { Context } from '../context.ts'
import { stageData } from './data.ts'
import { fileOf, MANIFEST, type Manifest, type RecordName, recordNames, SIGNATURE } from './format.ts'
import { countSealed, readRecords, type sources } from './queries.ts'
import { shownKey } from './shown-key.ts'
import { type Staged, stage } from './stage.ts'

const stageState = async (context: Context, folder: string, withData: boolean) => {
  const read = (tx: Db, name: RecordName) =>
    stage(folder, fileOf(name), readRecords(tx, name as keyof typeof sources))
  const state = await context.db.tx(async tx => {
    await tx.query('set transaction isolation level repeatable read, read only')
    const staged: Staged[] = []
    for (const name of recordNames) if (name !== 'chain') staged.push(await read(tx, name))
    const [settled] = await tx.query<{ count: number }>(
      'select count(*)::int as count from chain_transactions where raw is not null and receipt is not null',
    )
    const data = withData ? await stageData(context, tx, folder) : []
    return { staged, data, sealed: await countSealed(tx), settled: settled?.count ?? 0 }
  })
  // What was mined while the state was read belongs to the next bundle.
  const transactions = (await context.chain.rawTransactions()).slice(0, state.settled)
  const chain = transactions.map(item => ({ ...item, key: shownKey(item.key) }))
  return { ...state, staged: [...state.staged, await stage(folder, fileOf('chain'), chain), ...state.data] }
}

const describe = async (
  context: Context,
  createdAt: Date,
  state: Awaited<ReturnType<typeof stageState>>,
): Promise<Manifest> => {
  const { chainId, addresses } = await context.chain.status()
  const { name, hash } = context.engine.base
  return {
    format: 'tributary-bundle',
    version: 1,
    createdAt: createdAt.toISOString(),
    node: { keyId: context.receipts.keyId, publicKey: context.receipts.publicKey },
    chain: { chainId, ...addresses },
    base: { name, hash },
    sealed: state.sealed,
    files: Object.fromEntries(
      state.staged.map(({ name, sha256, bytes, records }) => [name, { sha256, bytes, records }]),
    ),
  }
}

const packInto = async (
  file: string,
  at: Date,
  parts: readonly (Staged | { name: string; text: string })[],
) => {
  const archive = pack()
  const writing = pipeline(archive, createWriteStream(file, { mode: 0o600, flush: true }))
  const fill = async (): Promise<void> => {
    for (const part of parts) {
      const header = { name: part.name, mode: 0o644, mtime: at }
      if ('text' in part) archive.entry(header, part.text)
      else await pipeline(createReadStream(part.path), archive.entry({ ...header, size: part.bytes }))
    }
    archive.finalize()
  }
  await Promise.all([writing, fill()])
}

/**
 * Writes everything that proves the network's state into one tar: aside, synced and renamed, so that `file` is whole or absent.
 * The database answers nobody else meanwhile where it is the embedded one. With `data` it holds what people wrote as well,
 * see `data.ts`. Throws `adapter-corrupt` and `blob-missing` for data that is not what was recorded, `disk-full` (retry) and `file-unwritable`.
 */
export const writeBundle = async (
  context: Context,
  file: string,
  options: { data?: boolean } = {},
): Promise<{ bytes: number; files: Manifest['files'] }> => {
  const folder = `${file}.${randomBytes(6).toString('hex')}.part`
  await mkdir(folder, { recursive: true, mode: 0o700 }).catch(error => {
    throw faultOf(error, file)
  })
  try {
    const at = context.clock.now()
    const state = await stageState(context, folder, options.data ?? false)
    const manifest = await describe(context, at, state)
    const text = `${canonicalJson(manifest)}\n`
    const signature = context.receipts.sign('bundle', { manifest: sha256Hex(text) })
    const aside = join(folder, 'bundle.tar')
    await packInto(aside, at, [
      { name: MANIFEST, text },
      { name: SIGNATURE, text: `${canonicalJson(signature)}\n` },
      ...state.staged,
    ])
    const handle = await open(aside, 'r')
    const { size } = await handle.stat()
    await handle.close()
    await rename(aside, file)
    const parent = await open(dirname(file), 'r')
    await parent.sync().finally(() => parent.close())
    return { bytes: size, files: manifest.files }
  } catch (error) {
    throw faultOf(error, file)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const faultOf = (error: unknown, file: string): unknown => {
  const code = error instanceof Error ? String(Reflect.get(error, 'code')) : ''
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return fault('disk-full', 'The disk is too full for the bundle.', {
      fix: 'Free some disk space, or pass a path on another disk; nothing was written.',
      retry: true,
      blame: 'operator',
      cause: error,
    })
  if (['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EISDIR', 'EEXIST', 'ENAMETOOLONG'].includes(code))
    return fault('file-unwritable', `The bundle cannot be written to ${file}.`, {
      fix: 'Pass the path of a file in a folder that this program may write to.',
      facts: { code },
      blame: 'operator',
      cause: error,
    })
  return error
}
