import { createHash } from 'node:crypto'
import { open, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { hashFile } from '../../infra/blobs.ts'
import { canonicalJson } from '../../infra/canonical.ts'

/** One file of a bundle, whole on disk, with what the manifest says of it. */
export interface Staged {
  readonly name: string
  readonly path: string
  readonly sha256: string
  readonly bytes: number
  readonly records: number
}

type Lines = AsyncIterable<object> | Iterable<object>

/** Writes records as canonical JSON lines beside the bundle, because a tar names each file's size before its bytes. */
export const stage = async (folder: string, name: string, records: Lines): Promise<Staged> => {
  const path = join(folder, name)
  const hash = createHash('sha256')
  const handle = await open(path, 'wx', 0o600)
  let [bytes, count, waiting] = [0, 0, '']
  const flush = async (): Promise<void> => {
    const piece = Buffer.from(waiting)
    waiting = ''
    bytes += piece.length
    hash.update(piece)
    await handle.write(piece)
  }
  try {
    for await (const record of records) {
      count++
      waiting += `${canonicalJson(record)}\n`
      if (waiting.length > 1 << 20) await flush()
    }
    await flush()
  } finally {
    await handle.close()
  }
  return { name, path, sha256: hash.digest('hex'), bytes, records: count }
}

/** Takes a file that lies elsewhere into the bundle under `name`, as it is. */
export const stageFile = async (name: string, path: string): Promise<Staged> => ({
  name,
  path,
  sha256: await hashFile(path),
  bytes: (await stat(path)).size,
  records: 0,
})
