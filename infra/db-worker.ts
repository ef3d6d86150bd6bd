import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import { PGlite, type PGliteOptions } from '@electric-sql/pglite'
import { vector } from '@electric-sql/pglite-pgvector'
import { PGLiteSocketServer } from '@electric-sql/pglite-socket'

/** What the main thread hands the worker. */
export interface EmbeddedOptions {
  /** Folder of the cluster; absent: in memory, gone at the end. */
  folder?: string
  listen: { path: string } | { host: string; port: number }
}

/** What the worker tells the main thread; after `dead` it ends by itself. */
export type EmbeddedMessage = { kind: 'ready' } | { kind: 'dead'; message: string }

const options = workerData as EmbeddedOptions
const port = parentPort
if (port === null) throw new Error('db-worker.ts runs only as a worker thread')
const say = (message: EmbeddedMessage): void => port.postMessage(message)

const describe = (error: unknown): string => (error instanceof Error ? error.message : String(error))

// A PANIC (such as a full disk under the WAL) stops Postgres: PGlite prints both lines, and answers nothing ever again.
let panic: string | undefined
const die = (message: string): never => {
  say({ kind: 'dead', message: panic ?? message })
  process.exit(1)
}

const watch = (line: string): boolean => {
  if (/(PANIC|FATAL):/.test(line)) panic = line.replace(/^.*(PANIC|FATAL): */, '')
  if (line.startsWith('Aborted(')) die('it ended without a reason')
  return true
}

const open = (more: PGliteOptions): Promise<PGlite> =>
  PGlite.create({ ...more, extensions: { vector }, onStderr: watch, onStdout: () => true })

// initdb writes some 40 MB; done aside and renamed, a kill in the middle leaves no half-made cluster behind.
// (Making it in memory and unpacking the image costs as much: 4.6 s of CPU against 4.9 s.)
const openFolder = async (folder: string): Promise<PGlite> => {
  if (!existsSync(folder)) {
    const aside = `${folder}.new`
    rmSync(aside, { recursive: true, force: true })
    mkdirSync(aside, { recursive: true, mode: 0o700 })
    const fresh = await open({ dataDir: aside })
    await fresh.close()
    renameSync(aside, folder)
  }
  return open({ dataDir: folder })
}

try {
  const db = options.folder === undefined ? await open({}) : await openFolder(options.folder)
  // The socket server would keep its queue locked for ever after a throw (never an SQL error), so the thread ends and
  // the next checkout starts another.
  const stream = db.execProtocolRawStream.bind(db)
  db.execProtocolRawStream = (message, handlers) =>
    stream(message, handlers).catch(error => die(describe(error)))
  // One query runs at a time whatever this says; more than one only lets a new connection in while an old one closes.
  const server = new PGLiteSocketServer({ db, ...options.listen, maxConnections: 8 })
  await server.start()
  port.on('message', async (_: 'close') => {
    await server.stop()
    await db.close()
    process.exit(0)
  })
  say({ kind: 'ready' })
} catch (error) {
  die(describe(error))
}
