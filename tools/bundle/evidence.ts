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
