import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fault } from '../../infra/errors.ts'
import type { HubFile } from './listing.ts'
import { type Hub, Unsteady } from './request.ts'

/** Bytes of this file that are here, and how many of them came just now. */
export type OnBytes = (here: number, received: number) => void

/**
 * Fetches one file of the commit into `folder`, or finds it there, and returns its SHA-256 (hex) once its hash is the listed one.
 * It grows as `NAME.part`; a cut connection or a killed process goes on from there. A wrong hash costs the part, and one more
 * try from zero. Throws `base-download` naming the file, and what the hub's requests throw.
 */
export const downloadFile = async (
  hub: Hub,
  commit: string,
  file: HubFile,
  folder: string,
  onBytes: OnBytes,
): Promise<string> => {
  const path = join(folder, file.name)
  const here = await hashIfRight(path, file)
  if (here !== null) {
    onBytes(file.bytes, 0)
    return here
  }
  const part = `${path}.part`
  for (let round = 1; ; round++) {
    await fetchPart(hub, commit, file, part, onBytes)
    const hash = await hashIfRight(part, file)
    if (hash !== null) {
      await rename(part, path)
      await rm(`${part}.etag`, { force: true })
      return hash
    }
    await drop(part)
    hub.check()
    if (round === 2)
      throw fault('base-download', `${file.name} of ${hub.id.repo} arrived with a wrong hash twice.`, {
        fix: 'Start again later, or look whether something between here and the hub changes files.',
        facts: { base: hub.id.repo, file: file.name, commit },
        retry: true,
        blame: 'world',
      })
  }
}

/** Bytes of a file in the folder that need not be fetched any more. */
export const bytesHere = async (folder: string, file: HubFile): Promise<number> => {
  for (const name of [file.name, `${file.name}.part`]) {
    const found = await stat(join(folder, name)).catch(() => null)
    if (found !== null) return Math.min(found.size, file.bytes)
  }
  return 0
}

const drop = async (part: string): Promise<void> => {
  await rm(part, { force: true })
  await rm(`${part}.etag`, { force: true })
}

/** Lets the part grow to the file's whole size. */
const fetchPart = async (hub: Hub, commit: string, file: HubFile, part: string, onBytes: OnBytes) => {
  const url = `${hub.endpoint}/${hub.id.repo}/resolve/${commit}/${encodeURIComponent(file.name)}`
  // Only a new furthest point counts as progress: a server that always begins anew and breaks off must not be asked for ever.
  let furthest = 0
  await hub.patiently(async progressed => {
    let here = (await stat(part).catch(() => null))?.size ?? 0
    if (here === file.bytes && here > 0) return
    const etag = await readFile(`${part}.etag`, 'utf8').catch(() => '')
    const response = await hub.get(
      url,
      {
        // Lengths and ranges must be those of the file itself.
        'accept-encoding': 'identity',
        ...(here > 0 ? { range: `bytes=${here}-` } : {}),
        // Some of the hub's storages name no ETag; the hash of the whole decides in any case.
        ...(here > 0 && etag !== '' ? { 'if-range': etag } : {}),
      },
      file.name,
    )
    const start = startOf(response)
    if (start !== here && start !== 0) {
      await response.body?.cancel().catch(() => {})
      await drop(part)
      throw new Unsteady(`another part of ${file.name} came than was asked for`)
    }
    here = start
    const handle = await open(part, here === 0 ? 'w' : 'a')
    try {
      if (here === 0) await keepEtag(part, response.headers.get('etag'))
      onBytes(here, 0)
      for await (const piece of pieces(response)) {
        // One byte too many shows that it is another file; the hash will say so.
        const fitting = piece.subarray(0, file.bytes + 1 - here)
        await handle.writeFile(fitting).catch(cause => {
          throw unwritable(file, part, cause)
        })
        here += fitting.length
        onBytes(Math.min(here, file.bytes), fitting.length)
        if (here > furthest) {
          furthest = here
          progressed()
        }
        if (here > file.bytes) return
      }
      await handle.sync()
    } finally {
      await handle.close()
    }
    if (here < file.bytes) throw new Unsteady(`${file.name} broke off`)
  })
}

/** The first byte that an answer holds; NaN where it cannot be told or there is none. */
const startOf = (response: Response): number => {
  if (response.status === 200) return 0
  return Number(/^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '')?.[1] ?? Number.NaN)
}

async function* pieces(response: Response): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader()
  try {
    for (;;) {
      const next = await reader?.read().catch(cause => {
        throw new Unsteady('the connection was cut', { cause })
      })
      if (next === undefined || next.done) return
      yield next.value
    }
  } finally {
    await reader?.cancel().catch(() => {})
  }
}

/** Keeps a strong validator for the next process; a weak one cannot be used with ranges (RFC 9110, 13.1.5). */
const keepEtag = async (part: string, etag: string | null): Promise<void> => {
  if (etag?.startsWith('"')) await writeFile(`${part}.etag`, etag)
  else await rm(`${part}.etag`, { force: true })
}

/** The file's SHA-256 where its content is the listed one; null where it is not, or there is no such file. */
const hashIfRight = async (path: string, file: HubFile): Promise<string | null> => {
  const found = await stat(path).catch(() => null)
  if (found === null || found.size !== file.bytes) return null
  const sha256 = createHash('sha256')
  // git's name of a blob: SHA-1 over a header with its length, and the content.
  const git = createHash('sha1').update(`blob ${file.bytes}\0`)
  for await (const piece of createReadStream(path, { highWaterMark: 1 << 20 })) {
    sha256.update(piece as Buffer)
    if (file.oid.kind === 'git') git.update(piece as Buffer)
  }
  const hash = sha256.digest('hex')
  return (file.oid.kind === 'git' ? git.digest('hex') : hash) === file.oid.hex ? hash : null
}

const unwritable = (file: HubFile, path: string, cause: unknown) =>
  fault('base-download', `${file.name} cannot be written: ${(cause as NodeJS.ErrnoException).code}.`, {
    fix: `Make room and access for ${path}, then start again; what has arrived is kept.`,
    facts: { file: file.name },
    blame: 'operator',
    cause,
  })
