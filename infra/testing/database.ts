import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createDatabase, type Database, openDatabase } from '../db.ts'
import { newId } from '../ids.ts'
import { readMigrations, sqlFolder } from '../migrate.ts'

// The package exports no package.json.
const entry = createRequire(import.meta.url).resolve('@electric-sql/pglite')
const engine = readFileSync(join(dirname(entry), '../package.json'), 'utf8')

// A new cluster takes seconds (initdb in WebAssembly), a copy of one a tenth of a second. The template is named by all
// that shapes it, so that an edited migration makes another.
const template = async (): Promise<string> => {
  const key = createHash('sha256')
    .update(JSON.stringify([engine, readMigrations(sqlFolder).map(migration => migration.hash)]))
    .digest('hex')
    .slice(0, 16)
  const shelf = join(tmpdir(), `tributary-test-databases-${process.getuid?.() ?? 0}`)
  const ready = join(shelf, key)
  if (existsSync(ready)) return ready
  mkdirSync(shelf, { recursive: true, mode: 0o700 })
  const aside = mkdtempSync(join(shelf, 'new-'))
  const database = await openDatabase({ folder: aside })
  await database.close()
  try {
    renameSync(aside, ready)
  } catch {
    // Another test process was first; one of them is enough.
    rmSync(aside, { recursive: true, force: true })
  }
  return ready
}

export interface TestDatabase {
  database: Database
  /** Its folder; null on a Postgres of its own. */
  folder: string | null
  /** Closes it and removes the folder. */
  remove(): Promise<void>
}

/** A new folder inside `parent` with an empty, migrated database that nothing has opened yet. */
export const testDatabaseFolder = async (parent = tmpdir()): Promise<string> => {
  const folder = mkdtempSync(join(parent, 'tributary-test-'))
  cpSync(await template(), folder, { recursive: true })
  return folder
}

/**
 * A fresh, migrated database on disk, in the arrangement that a node uses; some 0.4 s. Remove it after the tests.
 * With TEST_DATABASE_URL set, a new database on that Postgres (with pgvector) instead; the server's owner drops those.
 */
export const openTestDatabase = async (): Promise<TestDatabase> => {
  const server = process.env.TEST_DATABASE_URL
  if (server !== undefined) {
    const database = await openDatabase({ url: await createDatabase(server, `test-${newId()}`) })
    return { database, folder: null, remove: () => database.close() }
  }
  const folder = await testDatabaseFolder()
  const database = await openDatabase({ folder })
  return {
    database,
    folder,
    remove: async () => {
      await database.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
