import { createHash, randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { access, mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { sha256Hex } from './canonical.ts'
import { fault, type TributaryError } from './errors.ts'

/** Bytes kept under their SHA-256 (64 lower-case hex digits). */
export interface Blobs {
  /** Keeps the bytes and returns their hash; what is there already is not written again. Throws `disk-full` (retry). */
  put(bytes: Uint8Array): Promise<string>
  /** Keeps a copy of a file; the file stays. Throws `disk-full` (retry). */
  putFile(file: string): Promise<string>
  /** The bytes, checked against the hash. Throws `blob-missing` and `blob-corrupt`. */
  get(hash: string): Promise<Uint8Array>
  has(hash: string): Promise<boolean>
  /** Where the bytes lie, unchecked. */
  path(hash: string): string
  /** Forgets the bytes, such as those of a withdrawn row. */
  remove(hash: string): Promise<void>
}

const codeOf = (error: unknown): unknown =>
  error !== null && typeof error === 'object' ? Reflect.get(error, 'code') : undefined

const diskFull = (cause: unknown): TributaryError =>
  fault('disk-full', 'The disk of the data folder is full.', {
    fix: 'Free some disk space and repeat the call; nothing that was acknowledged is lost.',
    retry: true,
    blame: 'operator',
    cause,
  })

// A rename is on disk only once its folder is.
const syncFolder = async (folder: string): Promise<void> => {
  if (process.platform === 'win32') return
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Opens the store in `folder` (made when absent): `ab/cdef...`, each file written aside, synced and renamed. */
export const openBlobs = async (folder: string): Promise<Blobs> => {
  await mkdir(join(folder, 'tmp'), { recursive: true })

  const path = (hash: string): string => {
    // Also keeps a hash that somebody sent from naming a file elsewhere.
    if (!/^[0-9a-f]{64}$/.test(hash))
      throw fault('blob-hash-invalid', 'That is not a SHA-256 in hex.', {
        fix: 'Pass 64 lower-case hex digits.',
      })
    return join(folder, hash.slice(0, 2), hash.slice(2))
  }
  const has = (hash: string): Promise<boolean> =>
    access(path(hash)).then(
      () => true,
      () => false,
    )
  const missing = (hash: string): TributaryError =>
    fault('blob-missing', `The file ${hash} is not in the store.`, {
      fix: 'Restore it from a backup.',
      facts: { hash },
      blame: 'operator',
    })

  const put = async (bytes: Uint8Array): Promise<string> => {
    const hash = sha256Hex(bytes)
    if (await has(hash)) return hash
    const aside = join(folder, 'tmp', randomBytes(12).toString('hex'))
    try {
      const handle = await open(aside, 'wx', 0o600)
      try {
        await handle.writeFile(bytes)
        await handle.sync()
      } finally {
        await handle.close()
      }
      const target = path(hash)
      await mkdir(dirname(target), { recursive: true })
      await rename(aside, target)
      await syncFolder(dirname(target))
      return hash
    } catch (error) {
      await rm(aside, { force: true }).catch(() => {})
      throw codeOf(error) === 'ENOSPC' || codeOf(error) === 'EDQUOT' ? diskFull(error) : error
    }
  }

  return {
    put,
    putFile: async file => put(await readFile(file)),
    get: async hash => {
      const bytes = await readFile(path(hash)).catch(error => {
        throw codeOf(error) === 'ENOENT' ? missing(hash) : error
      })
      if (sha256Hex(bytes) !== hash)
        throw fault('blob-corrupt', `The file ${hash} does not have that hash any more.`, {
          fix: 'Restore it from a backup.',
          facts: { hash },
          blame: 'operator',
        })
      return bytes
    },
    has,
    path,
    remove: hash => rm(path(hash), { force: true }),
  }
}

/** SHA-256 of a file of any size, read in pieces. */
export const hashFile = async (file: string): Promise<string> => {
  const hash = createHash('sha256')
  for await (const piece of createReadStream(file)) hash.update(piece as Uint8Array)
  return hash.digest('hex')
}
