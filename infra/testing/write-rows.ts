import { openDatabase } from '../db.ts'
import { isFault } from '../errors.ts'

/*
 * A process that writes rows 1, 2, 3, ... until it is killed: `node write-rows.ts FOLDER`. It prints `row N` once the
 * database has acknowledged row N, and `fault CODE` for a fault after which it tries the same row again.
 */
const folder = process.argv[2]
if (folder === undefined) throw new Error('write-rows.ts needs a folder')
const say = (line: string): void => {
  process.stdout.write(`${line}\n`)
}

const database = await openDatabase({ folder })
for (let row = 1; ; ) {
  try {
    await database.query('insert into settings (key, value) values ($1, $2) on conflict do nothing', [
      `row-${row}`,
      row,
    ])
    say(`row ${row}`)
    row++
  } catch (error) {
    if (!isFault(error) || !error.retry) throw error
    say(`fault ${error.code}`)
  }
}
