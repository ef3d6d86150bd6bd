import { keccak_256 } from '@noble/hashes/sha3.js'

/**
 * An idempotency key as the bundle shows it. Keys that begin with an account's id hold what a surface chose, such as the
 * number of a chat message; they become keccak256 of the key, which the signed nonce of a deposit names as well.
 */
export const shownKey = (key: string): string =>
  /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\//.test(key)
    ? `0x${Buffer.from(keccak_256(Buffer.from(key))).toString('hex')}`
    : key
