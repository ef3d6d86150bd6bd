import { createHash } from 'node:crypto'
import canonicalize from 'canonicalize'
import { fault } from './errors.ts'

/**
 * The one JSON text of a value by RFC 8785, so that a hash or a signature over it can be checked anywhere.
 * A bigint becomes a decimal string, a Date its ISO text, an undefined member is left out.
 * Throws `not-canonical` on what JSON cannot hold: NaN, an infinity, a NUL character (the database refuses it), half of a surrogate pair, a cycle.
 */
export const canonicalJson = (value: unknown): string => {
  try {
    const plain = JSON.stringify(value, (_, member: unknown) => {
      if (typeof member === 'bigint') return member.toString()
      if (typeof member === 'number' && !Number.isFinite(member))
        throw new RangeError(`${member} is not JSON`)
      if (typeof member === 'string' && member.includes('\0')) throw new RangeError('a NUL character')
      return member
    })
    const text = plain === undefined ? undefined : canonicalize(JSON.parse(plain))
    if (text === undefined) throw new TypeError('nothing to write')
    return text
  } catch (cause) {
    throw fault('not-canonical', 'A value cannot be written as JSON.', {
      fix: 'Leave out numbers that are not finite, NUL characters, halves of surrogate pairs and cycles.',
      blame: 'ours',
      cause,
    })
  }
}

/** SHA-256 of the parts one after the other, as 64 lower-case hex digits. */
export const sha256Hex = (...parts: readonly (Uint8Array | string)[]): string => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest('hex')
}
