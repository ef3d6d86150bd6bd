import { inflateRawSync } from 'node:zlib'
import { fault } from '../infra/errors.ts'

const LOCAL = 0x04034b50
const CENTRAL = 0x02014b50
const END = 0x06054b50
const END_BYTES = 22
/** Parts of an archive; a document has some dozens. */
const PARTS = 2_000

const refused = (why: string): Error =>
  fault('file-refused', `The document is refused: ${why}.`, {
    fix: 'Save it again as .docx with a word processor, without pictures, or send its text.',
  })

/**
 * Unpacks every part of a zip archive once, to see that all of them together have at most `most` bytes: what an archive
 * says of its own sizes is not to be believed. Throws `file-refused` where they have more, or the archive is not plain.
 */
export const checkZip = (bytes: Uint8Array, most: number): void => {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const end = file.lastIndexOf(Buffer.from([0x50, 0x4b, 5, 6]))
  if (end < 0 || end + END_BYTES > file.length || file.readUInt32LE(end) !== END)
    throw refused('it is damaged')
  const parts = file.readUInt16LE(end + 10)
  let at = file.readUInt32LE(end + 16)
  let left = most
  if (parts > PARTS) throw refused(`it has ${parts} parts`)
  try {
    for (let part = 0; part < parts; part++) {
      if (file.readUInt32LE(at) !== CENTRAL) throw refused('it is damaged')
      const flags = file.readUInt16LE(at + 8)
      const method = file.readUInt16LE(at + 10)
      const packed = file.readUInt32LE(at + 20)
      const local = file.readUInt32LE(at + 42)
      if ((flags & 1) !== 0) throw refused('it is locked with a password')
      if (file.readUInt32LE(local) !== LOCAL) throw refused('it is damaged')
      const from = local + 30 + file.readUInt16LE(local + 26) + file.readUInt16LE(local + 28)
      if (from + packed > file.length) throw refused('it is damaged')
      left -= unpackedSize(file.subarray(from, from + packed), method, left)
      at += 46 + file.readUInt16LE(at + 28) + file.readUInt16LE(at + 30) + file.readUInt16LE(at + 32)
    }
  } catch (error) {
    // An offset beyond the end.
    if (error instanceof RangeError) throw refused('it is damaged')
    throw error
  }
}

const unpackedSize = (packed: Uint8Array, method: number, most: number): number => {
  const tooLarge = () => refused('unpacked it is too large')
  if (method === 0) {
    if (packed.length > most) throw tooLarge()
    return packed.length
  }
  if (method !== 8) throw refused('it is packed in a way that is not read here')
  if (packed.length === 0) return 0
  try {
    return inflateRawSync(packed, { maxOutputLength: Math.max(1, most) }).length
  } catch (error) {
    if (error instanceof Error && Reflect.get(error, 'code') === 'ERR_BUFFER_TOO_LARGE') throw tooLarge()
    throw refused('it is damaged')
  }
}
