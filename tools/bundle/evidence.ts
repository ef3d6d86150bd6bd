import { keccak_256 } from '@noble/hashes/sha3.js'
import type { Manifest, Records } from './format.ts'
import type { Witness } from './witness.ts'

/** What every audit of a bundle's content looks at. */
export interface Evidence {
  readonly manifest: Manifest
  readonly records: Records
  readonly witness: Witness
}

export const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
/** A hash as contracts hold it. */
export const wordOf = (hash: string): `0x${string}` => `0x${hash}`

const keccak = (...parts: readonly Uint8Array[]): Uint8Array => keccak_256(Buffer.concat(parts))

/** The nonce that is signed for an action under a key: keccak256(abi.encode(tag, keccak256(key))), so that it is booked once only. */
export const nonceOf = (action: 'deposit' | 'pay-out', key: string): string => {
  const hashed = key.startsWith('0x') ? Buffer.from(key.slice(2), 'hex') : keccak(Buffer.from(key))
  return `0x${hexOf(keccak(keccak(Buffer.from(`tributary/${action}`)), hashed))}`
}

/** What names one authorisation: a payer uses a nonce once. */
export const paymentName = ({ payer, nonce }: { payer: string; nonce: string }): string =>
  `${payer}/${nonce}`.toLowerCase()
