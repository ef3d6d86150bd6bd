import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { EmbeddedMessage, EmbeddedOptions } from './db-worker.ts'
import { fault, isFault, type TributaryError } from './errors.ts'

/** Postgres (PGlite) in a worker thread, reached like any other through a socket. It blocks its thread while it works: 12 s for an index build. */
export interface EmbeddedPostgres {
  /** For node-postgres: the folder that holds the socket, or 127.0.0.1. */
  readonly host: string
  readonly port: number
  /** Resolves when the thread answers; starts a new one where the last died. Throws `database-stopped` (retry). */
  ready(): Promise<void>
  /** Ends a thread that does not listen any more and starts a new one. */
  restart(): Promise<void>
  close(): Promise<void>
}

// node-postgres derives the socket's name from the port. A path longer than this is refused by the kernel (sun_path).
const PORT = 5432
const LONGEST_PATH = 107
const socketIn = (folder: string): string => join(folder, `.s.PGSQL.${PORT}`)

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(address !== null && typeof address === 'object' ? address.port : 0))
    })
  })

const stopped = (message: string): TributaryError => {
  const full = /no space left|ENOSPC|disk quota/i.test(message)
  return fault(full ? 'disk-full' : 'database-stopped', `The embedded database stopped: ${message}`, {
    fix: full
      ? 'Free some disk space; nothing that was acknowledged is lost.'
      : 'Repeat the call. If it stays away, restore the data folder from a backup.',
    retry: true,
    blame: full ? 'operator' : 'world',
  })
}

/**
 * Starts Postgres on `folder`/pg (made when absent), or in memory. The socket lies in the folder, which only its owner
 * may enter, in a short temporary folder where the path would be too long, and on 127.0.0.1 on Windows.
 * Throws `database-corrupt` when the cluster cannot be opened, and `disk-full`.
 */
export const startEmbeddedPostgres = async (options: { folder?: string }): Promise<EmbeddedPostgres> => {
  const { folder } = options
  if (folder !== undefined) {
    mkdirSync(folder, { recursive: true })
    chmodSync(folder, 0o700)
  }
  const byPath = process.platform !== 'win32'
  const short = folder !== undefined && Buffer.byteLength(socketIn(folder)) <= LONGEST_PATH
  const home = !byPath ? '127.0.0.1' : short ? folder : mkdtempSync(join(tmpdir(), 'tributary-'))
  const temporary = byPath && !short
  const port = byPath ? PORT : await freePort()
  const data: EmbeddedOptions = {
    listen: byPath ? { path: socketIn(home) } : { host: home, port },
    ...(folder === undefined ? {} : { folder: join(folder, 'pg') }),
  }

  let worker: Worker | undefined
  let starting: Promise<void> | undefined
  let begun = false
  let closed = false

  const start = (): Promise<void> =>
    new Promise((resolve, reject) => {
      // A killed process leaves its socket file behind, and bind refuses an existing one.
      if (byPath) rmSync(socketIn(home), { force: true })
      const thread = new Worker(new URL('./db-worker.ts', import.meta.url), { workerData: data })
      let reason = 'its thread ended'
      thread.on('message', (message: EmbeddedMessage) => {
        if (message.kind === 'ready') {
          thread.unref()
          resolve()
        } else if (message.kind === 'dead') reason = message.message
      })
      thread.on('error', error => {
        reason = error instanceof Error ? error.message : String(error)
      })
      thread.on('exit', () => {
        if (worker === thread) {
          worker = undefined
          starting = undefined
        }
        reject(stopped(reason))
      })
      worker = thread
    })

  const ready = (): Promise<void> => {
    if (closed) return Promise.reject(stopped('it was closed'))
    // What lived in memory is gone with its thread: starting another would answer from an empty database.
    if (worker === undefined && starting === undefined && folder === undefined && begun)
      return Promise.reject(stopped('it lived in memory'))
    begun = true
    starting ??= start()
    return starting
  }
  await ready().catch(error => {
    if (isFault(error, 'disk-full')) throw error
    throw fault('database-corrupt', `The embedded database in ${folder ?? 'memory'} cannot be opened.`, {
      fix: 'Restore the data folder from a backup, or move it away to begin with an empty one.',
      facts: { reason: error instanceof Error ? error.message : String(error) },
      blame: 'operator',
      cause: error,
    })
  })

  return {
    host: home,
    port,
    ready,
    restart: async () => {
      await worker?.terminate()
      return ready()
    },
    close: async () => {
      closed = true
      const thread = worker
      if (thread !== undefined) {
        const exited = new Promise<void>(resolve => thread.once('exit', () => resolve()))
        thread.ref()
        thread.postMessage('close')
        await exited
      }
      if (temporary) rmSync(home, { recursive: true, force: true })
    },
  }
}
