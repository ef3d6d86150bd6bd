import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Db } from './db.ts'
import { fault } from './errors.ts'

interface Migration {
  number: number
  name: string
  text: string
  hash: string
}

export const sqlFolder = fileURLToPath(new URL('./sql/', import.meta.url))

/** Reads the migrations `NNNN_name.sql` of a folder in order. Throws `migration-misnamed` on a gap, a twin or another name. */
export const readMigrations = (folder: string): Migration[] =>
  readdirSync(folder)
    .filter(file => file.endsWith('.sql'))
    .sort()
    .map((file, index) => {
      const match = /^(\d{4})_([a-z0-9_]+)\.sql$/.exec(file)
      if (match === null || Number(match[1]) !== index + 1)
        throw fault('migration-misnamed', `The migration ${file} is not number ${index + 1}.`, {
          fix: 'Name migrations NNNN_name.sql, numbered from 0001 without a gap.',
          blame: 'ours',
        })
      const text = readFileSync(`${folder}/${file}`, 'utf8')
      return { number: index + 1, name: file, text, hash: createHash('sha256').update(text).digest('hex') }
    })

const ready = async (db: Db): Promise<void> => {
  const create = `create table if not exists migrations (
    number integer primary key, name text not null, hash text not null, at timestamptz not null default now())`
  try {
    await db.query(create)
  } catch {
    // Two first starts at once: `if not exists` looks before it makes, and the later one finds a duplicate key.
    await db.query(create)
  }
}

/**
 * Applies what is missing, all in one transaction, and records each migration's SHA-256.
 * Safe when several processes start at once: the table lock lets one through, and the others find nothing left to do.
 * Throws `database-newer` (made by a later program) and `migration-edited` (an applied file was changed).
 */
export const migrate = async (db: Db, folder: string = sqlFolder): Promise<void> => {
  const migrations = readMigrations(folder)
  await ready(db)
  await db.tx(async tx => {
    await tx.query('lock table migrations in exclusive mode')
    const applied = await tx.query<{ number: number; name: string; hash: string }>(
      'select number, name, hash from migrations order by number',
    )
    for (const row of applied) {
      const ours = migrations[row.number - 1]
      if (ours === undefined)
        throw fault('database-newer', `The database has migration ${row.name}, which this program lacks.`, {
          fix: 'Start the newer program, or another data folder.',
          blame: 'operator',
        })
      if (ours.hash !== row.hash)
        throw fault(
          'migration-edited',
          `Migration ${row.name} differs from the one applied to the database.`,
          {
            fix: 'Undo the edit and add a new migration, or start with an empty data folder.',
            blame: 'ours',
          },
        )
    }
    for (const { number, name, text, hash } of migrations.slice(applied.length)) {
      await tx.query(text)
      await tx.query('insert into migrations (number, name, hash) values ($1, $2, $3)', [number, name, hash])
    }
  })
}
