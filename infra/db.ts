import { AsyncLocalStorage } from 'node:async_hooks'
import pg from 'pg'
import { type EmbeddedPostgres, startEmbeddedPostgres } from './embedded-postgres.ts'
import { fault, isFault } from './errors.ts'
import { migrate } from './migrate.ts'

/** A database, or one transaction of it. */
export interface Db {
  /**
   * Runs one statement and returns its rows. bigint columns come back as bigint, timestamptz as Date (milliseconds),
   * json as unknown, bytea as Buffer. Pass json as `JSON.stringify(value)`: node-postgres writes an array as a Postgres array.
   * Throws `disk-full`, `database-gone`, `database-conflict` (all: retry the whole transaction), `text-unstorable`,
   * the faults that our own triggers raise, and Postgres' own error for a broken constraint (see `violates`).
   */
  query<R extends object = Record<string, unknown>>(text: string, values?: readonly unknown[]): Promise<R[]>
  /**
   * Runs `work` in one transaction: all of it holds, or none. On a transaction it runs in that same one (no savepoint).
   * Using the outer database inside throws `nested-checkout`, where a pool of one would wait for itself for ever.
   */
  tx<T>(work: (tx: Db) => Promise<T>): Promise<T>
  /** Calls `work` once this transaction has committed, never when it has not; outside a transaction, at once. */
  afterCommit(work: () => void): void
}

export interface Database extends Db {
  readonly engine: 'pglite' | 'postgres'
  /** For libraries that want a pool of node-postgres. int8 comes back as a string there, as they expect. */
  readonly pool: pg.Pool
  close(): Promise<void>
}

const INT8 = 20
const types: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
    oid === INT8 && format !== 'binary'
      ? BigInt
      : pg.types.getTypeParser(oid, format ?? 'text')) as typeof pg.types.getTypeParser,
}

const field = (error: unknown, name: string): string => {
  const value: unknown = error !== null && typeof error === 'object' ? Reflect.get(error, name) : undefined
  return typeof value === 'string' ? value : ''
}

/** Whether an error of Postgres is a broken constraint of that name: `violates(error, 'transfers_key_key')`. */
export const violates = (error: unknown, constraint: string): boolean =>
  field(error, 'constraint') === constraint && field(error, 'code').startsWith('23')

const gone = /^(08|57P0|53300)|^(ECONNREFUSED|ECONNRESET|EPIPE|ENOENT|ETIMEDOUT|ENOTFOUND|EAI_AGAIN)$/

/** Turns what node-postgres throws into a fault where a caller can act on it, and leaves the rest alone. */
const translate = (error: unknown): unknown => {
  const code = field(error, 'code')
  const message = field(error, 'message')
  // Our own triggers raise class TB: the fault's code in `detail`, its fix in `hint`.
  if (code.startsWith('TB'))
    return fault(field(error, 'detail'), message, { fix: field(error, 'hint'), cause: error })
  if (code === '53100' || /no space left|ENOSPC/i.test(message))
    return fault('disk-full', 'The disk of the database is full.', {
      fix: 'Free some disk space and repeat the call; nothing that was acknowledged is lost.',
      retry: true,
      blame: 'operator',
      cause: error,
    })
  if (code === '40001' || code === '40P01' || code === '55P03')
    return fault('database-conflict', 'Two transactions wanted the same rows.', {
      fix: 'Repeat the call.',
      retry: true,
      blame: 'world',
      cause: error,
    })
  if (code === '22P05' || code === '22021')
    return fault(
      'text-unstorable',
      'The text holds a character that cannot be stored (a NUL or half of a pair).',
      {
        fix: 'Remove that character.',
        cause: error,
      },
    )
  if (
    gone.test(code) ||
    /connection terminated|timeout exceeded when trying to connect|not queryable/i.test(message)
  )
    return fault('database-gone', 'The database does not answer.', {
      fix: 'Repeat the call; check that the database runs if it stays away.',
      retry: true,
      blame: 'world',
      cause: error,
    })
  return error
}

const run = async <R extends object>(
  on: pg.PoolClient,
  text: string,
  values?: readonly unknown[],
): Promise<R[]> => {
  try {
    const result = await on.query<R>(
      values === undefined ? { text, types } : { text, values: [...values], types },
    )
    return result.rows
  } catch (error) {
    throw translate(error)
  }
}

/** Whether this call chain is inside a transaction that is still open, one store for every database. */
interface Scope {
  pool: pg.Pool
  open: boolean
}
const scopes = new AsyncLocalStorage<Scope>()

const nested = (): Error =>
  fault('nested-checkout', 'The database was used inside a transaction without going through it.', {
    fix: 'Use the `tx` that the transaction hands to its work.',
    blame: 'ours',
  })

const transaction = (client: pg.PoolClient, committed: (() => void)[]): Db => ({
  query: (text, values) => run(client, text, values),
  tx(work) {
    return work(this)
  },
  afterCommit: work => {
    committed.push(work)
  },
})

// After PANIC or FATAL nothing answers on this connection any more.
const isBroken = (error: unknown): boolean =>
  isFault(error, 'database-gone') ||
  (isFault(error) && /^(PANIC|FATAL)$/.test(field(error.cause, 'severity')))

// Not pool.query: it throws the connection away after any error, a broken constraint included.
const runAlone = async <R extends object>(
  pool: pg.Pool,
  text: string,
  values?: readonly unknown[],
): Promise<R[]> => {
  const client = await pool.connect().catch(error => {
    throw translate(error)
  })
  let broken = false
  try {
    return await run<R>(client, text, values)
  } catch (error) {
    broken = isBroken(error)
    throw error
  } finally {
    client.release(broken)
  }
}

const runTransaction = async <T>(pool: pg.Pool, work: (tx: Db) => Promise<T>): Promise<T> => {
  const client = await pool.connect().catch(error => {
    throw translate(error)
  })
  const scope: Scope = { pool, open: true }
  const committed: (() => void)[] = []
  let broken = false
  let result: T
  try {
    await run(client, 'begin')
    result = await scopes.run(scope, () => work(transaction(client, committed)))
    const end = await client.query('commit').catch(error => {
      throw translate(error)
    })
    // Postgres answers ROLLBACK, without an error, to the commit of a transaction in which a statement failed.
    if (end.command !== 'COMMIT')
      throw fault(
        'transaction-aborted',
        'A statement failed in a transaction, and the failure was swallowed.',
        {
          fix: 'Let the error of a failed statement leave the transaction.',
          blame: 'ours',
        },
      )
  } catch (error) {
    if (isBroken(error)) broken = true
    else
      await client.query('rollback').catch(() => {
        broken = true
      })
    throw error
  } finally {
    scope.open = false
    client.release(broken)
  }
  for (const done of committed) done()
  return result
}

// A checkout inside a transaction of the same pool can only wait for itself.
const guard = (pool: pg.Pool, embedded: EmbeddedPostgres | undefined): void => {
  const connect = pool.connect.bind(pool) as () => Promise<pg.PoolClient>
  const checked = async (): Promise<pg.PoolClient> => {
    const scope = scopes.getStore()
    if (scope?.open === true && scope.pool === pool) throw nested()
    if (embedded === undefined) return connect()
    await embedded.ready()
    return connect().catch(async error => {
      if (!/^(ENOENT|ECONNREFUSED)$/.test(field(error, 'code'))) throw error
      await embedded.restart()
      return connect()
    })
  }
  type Answer = (error: Error | undefined, client?: pg.PoolClient, done?: pg.PoolClient['release']) => void
  pool.connect = ((answer?: Answer) => {
    if (answer === undefined) return checked()
    checked().then(
      client => answer(undefined, client, client.release.bind(client)),
      error => answer(error),
    )
    return undefined
  }) as typeof pool.connect
}

/**
 * Opens the database and brings it to the newest migration: the Postgres at `url`, the embedded one in `folder` (made when
 * absent), or one in memory.
 * The caller holds the folder's lock: two processes on one folder corrupt it silently.
 * Throws `database-corrupt` (the embedded one cannot be opened), `disk-full`, `database-gone`, `database-newer`, `migration-edited`.
 */
export const openDatabase = async (options: { url?: string; folder?: string }): Promise<Database> => {
  const { url, ...where } = options
  const embedded = url === undefined ? await startEmbeddedPostgres(where) : undefined
  const pool =
    embedded === undefined
      ? new pg.Pool({ connectionString: url, max: 10, connectionTimeoutMillis: 30_000 })
      : new pg.Pool({
          host: embedded.host,
          port: embedded.port,
          user: 'postgres',
          database: 'postgres',
          max: 1,
          idleTimeoutMillis: 0,
          // Also the longest wait behind others for the one connection.
          connectionTimeoutMillis: 120_000,
        })
  // A connection that breaks while no query runs says so here, and would end the process; the next checkout makes another.
  pool.on('error', () => {})
  pool.on('connect', client => client.on('error', () => {}))
  guard(pool, embedded)

  const database: Database = {
    engine: embedded === undefined ? 'postgres' : 'pglite',
    pool,
    query: (text, values) => runAlone(pool, text, values),
    tx: work => runTransaction(pool, work),
    afterCommit: work => work(),
    close: async () => {
      await pool.end()
      await embedded?.close()
    },
  }
  try {
    await migrate(database)
  } catch (error) {
    await database.close()
    throw error
  }
  return database
}

/** Makes an empty database called `name` on the server at `url` and returns its address. The name is ours, never a person's text. */
export const createDatabase = async (url: string, name: string): Promise<string> => {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query(`create database ${client.escapeIdentifier(name)}`)
  await client.end()
  return Object.assign(new URL(url), { pathname: `/${name}` }).href
}
