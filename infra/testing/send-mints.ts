import { openChain } from '../chain.ts'
import { openDatabase } from '../db.ts'

/*
 * A node that mints one unit after another until it is killed: `node send-mints.ts DATABASE_FOLDER DATA_FOLDER`. It prints
 * `node PID` with the embedded chain's process and `mint N HASH` once the chain holds mint N.
 */
const [databaseFolder, folder] = process.argv.slice(2)
if (databaseFolder === undefined || folder === undefined) throw new Error('send-mints.ts needs two folders')
const say = (line: string): void => {
  process.stdout.write(`${line}\n`)
}

const db = await openDatabase({ folder: databaseFolder })
const chain = await openChain({ db, folder })
say(`node ${(await chain.status()).pid}`)
for (let n = 1; ; n++) {
  const { tx } = await chain.mint(`mint/${n}`, chain.address(1), 1n)
  say(`mint ${n} ${tx}`)
}
