import { createPrivateKey, createPublicKey, hkdfSync, type KeyObject, randomBytes } from 'node:crypto'
import {
  chmodSync,
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { fault } from './errors.ts'

/** Every key of a node, derived from one master seed. The seed is in one file, mode 600, and nowhere else. */
export interface Keys {
  /** 32 random bytes; the root of the chain wallets (see chain-wallets.ts). */
  readonly seed: Uint8Array
  /** Ed25519 private key that signs receipts. */
  readonly nodeKey: KeyObject
  readonly nodePublicKey: KeyObject
}

const SEED_BYTES = 32
/** PKCS #8 wrapping of a raw Ed25519 private key (RFC 8410, section 7). */
const ED25519_PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex')

const isTaken = (error: unknown): boolean => error instanceof Error && Reflect.get(error, 'code') === 'EEXIST'

/** Writes aside, then links: two first starts at once agree on one seed, and a kill leaves either no file or a whole one. */
const createSeed = (path: string): void => {
  const aside = `${path}.${process.pid}`
  const file = openSync(aside, 'w', 0o600)
  writeSync(file, `${randomBytes(SEED_BYTES).toString('hex')}\n`)
  fsyncSync(file)
  closeSync(file)
  try {
    linkSync(aside, path)
  } catch (error) {
    if (!isTaken(error)) throw error
  } finally {
    unlinkSync(aside)
  }
}

const readSeed = (path: string): Uint8Array => {
  const text = readFileSync(path, 'utf8').trim()
  if (!/^[0-9a-f]{64}$/.test(text))
    throw fault('keys-corrupt', `The key file ${path} does not hold a master seed of 32 bytes in hex.`, {
      fix: 'Put the backup of this file back; without it the wallets of this data folder are lost.',
      facts: { path },
      blame: 'operator',
    })
  return new Uint8Array(Buffer.from(text, 'hex'))
}

const exists = (path: string): boolean => {
  try {
    readFileSync(path)
    return true
  } catch (error) {
    if (error instanceof Error && Reflect.get(error, 'code') === 'ENOENT') return false
    throw error
  }
}

/**
 * Reads the keys of a data folder, and makes them on the first start, in `<folder>/keys/master-seed` (folder 700, file 600).
 * Throws `keys-corrupt` when the file is not a seed: it is never replaced, because money hangs on it.
 */
export const openKeys = (folder: string): Keys => {
  const path = join(folder, 'keys', 'master-seed')
  mkdirSync(join(folder, 'keys'), { recursive: true, mode: 0o700 })
  if (!exists(path)) createSeed(path)
  chmodSync(path, 0o600)
  const seed = readSeed(path)
  const raw = Buffer.from(hkdfSync('sha256', seed, '', 'tributary/node-key', 32))
  const nodeKey = createPrivateKey({ key: Buffer.concat([ED25519_PKCS8, raw]), format: 'der', type: 'pkcs8' })
  return { seed, nodeKey, nodePublicKey: createPublicKey(nodeKey) }
}
