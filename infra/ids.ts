import { v5, v7 } from 'uuid'

/** A new UUIDv7: unique, and sorted by the time it was made. */
export const newId = (): string => v7()

const namespace = 'c1f2a1de-5a3b-4c8e-9c39-6f4a3c8d1b52'

/** The same UUID for the same parts, so that a step run twice names the same thing. */
export const idFrom = (...parts: readonly string[]): string => v5(parts.join('\u0000'), namespace)

/** A UUID as the 32-byte hex word that contracts use for ids (left-padded with zeros). */
export const idWord = (id: string): `0x${string}` => `0x${id.replaceAll('-', '').padStart(64, '0')}`
