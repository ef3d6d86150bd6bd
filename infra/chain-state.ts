import { createHash } from 'node:crypto'
import { closeSync, fsyncSync, openSync, readdirSync, renameSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import type { Rpc } from './chain-rpc.ts'

/** The last journal entry that a dump of the EVM's state contains. */
export interface DumpPoint {
  readonly seq: bigint
  readonly key: string
}

const unzip = promisify(gunzip)

/** The name says which entry of which journal: a dump of another history (a database restored from a backup) never fits. */
const nameOf = ({ seq, key }: DumpPoint): string =>
  `state-${seq}-${createHash('sha256').update(key).digest('hex').slice(0, 16)}.json`

export const dumpPath = (folder: string, point: DumpPoint): string => join(folder, nameOf(point))

/** Sequence numbers of the dumps in a folder, newest first. */
export const dumpedSeqs = (folder: string): bigint[] =>
  readdirSync(folder)
    .flatMap(file => /^state-(\d+)-[0-9a-f]{16}\.json$/.exec(file)?.[1] ?? [])
    .map(BigInt)
    .sort((a, b) => (a < b ? 1 : -1))

export const hasDump = (folder: string, point: DumpPoint): boolean =>
  readdirSync(folder).includes(nameOf(point))

/**
 * Writes the EVM's state aside, syncs and renames it, then drops older dumps. anvil's own --dump-state is not atomic: a kill
 * left a file of 0 bytes that it refused to start from.
 */
export const dumpState = async (folder: string, rpc: Rpc, point: DumpPoint): Promise<void> => {
  const zipped = (await rpc('anvil_dumpState')) as string
  const state = await unzip(Buffer.from(zipped.slice(2), 'hex'))
  const path = dumpPath(folder, point)
  const file = openSync(`${path}.aside`, 'w', 0o600)
  writeSync(file, state)
  fsyncSync(file)
  closeSync(file)
  renameSync(`${path}.aside`, path)
  for (const old of readdirSync(folder))
    if (old.startsWith('state-') && join(folder, old) !== path) rmSync(join(folder, old), { force: true })
}
