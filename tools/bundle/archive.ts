import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { extract } from 'tar-stream'
import { fault } from '../../infra/errors.ts'
import { isDataFile } from './data-format.ts'
import { fileOf, MANIFEST, recordNames, SIGNATURE } from './format.ts'

/** A bundle is held in memory while it is checked, at 6 to 8 bytes a byte: this is 400,000 events and 2 GB. */
const MOST_BYTES = 1 << 28

const expected: ReadonlySet<string> = new Set([MANIFEST, SIGNATURE, ...recordNames.map(fileOf)])

export interface Archive {
  readonly files: ReadonlyMap<string, Buffer>
  readonly faults: readonly string[]
}

const sizeOf = async (path: string): Promise<number> => {
  const found = await stat(path).catch(cause => {
    throw fault('bundle-missing', `There is no file ${path}.`, { fix: 'Pass the path of a bundle.', cause })
  })
  if (found.isFile()) return found.size
  throw fault('bundle-missing', `${path} is not a file.`, { fix: 'Pass the path of a bundle.' })
}

const unpack = (source: Readable): Promise<Archive> =>
  new Promise((resolve, reject) => {
    const files = new Map<string, Buffer>()
    const faults: string[] = []
    const reader = extract()
    const finish = (): void => {
      source.destroy()
      resolve({ files, faults })
    }
    const broken = (error: Error): void => {
      faults.push(`the archive is damaged: ${error.message}`)
      finish()
    }
    reader.on('entry', (header, stream, next) => {
      const name = header.name.slice(0, 60)
      // A folder or link that claims to have a content would keep the reader waiting for ever.
      if (header.type !== 'file') {
        broken(new Error(`"${name}" is a ${header.type}, not a file`))
        reader.destroy()
        return
      }
      const wanted = (expected.has(header.name) || isDataFile(header.name)) && !files.has(header.name)
      if (!wanted)
        faults.push(
          `it holds "${name}", ${files.has(header.name) ? 'twice' : 'which is no part of a bundle'}`,
        )
      const pieces: Buffer[] = []
      stream.on('data', piece => {
        if (wanted) pieces.push(piece as Buffer)
      })
      stream.on('error', () => {}) // The reader reports it.
      stream.on('end', () => {
        if (wanted) files.set(header.name, Buffer.concat(pieces))
        next()
      })
    })
    reader.on('finish', finish)
    reader.on('error', broken)
    reader.on('close', finish)
    source.on('error', cause =>
      reject(
        fault('bundle-unreadable', 'The bundle cannot be read.', {
          fix: 'Check that this user may read the file, and copy it anew if its disk is failing.',
          cause,
        }),
      ),
    )
    source.pipe(reader)
  })

/**
 * Reads a bundle's files into memory; nothing is written to disk, so no name in it can reach outside. Names what does not
 * belong there and what is missing. Throws `bundle-missing`, `bundle-unreadable` and `bundle-too-large`.
 */
export const readArchive = async (input: string | Uint8Array, mostBytes = MOST_BYTES): Promise<Archive> => {
  const bytes = typeof input === 'string' ? await sizeOf(input) : input.length
  if (bytes > mostBytes)
    throw fault('bundle-too-large', `The bundle has ${bytes} bytes; up to ${mostBytes} are read.`, {
      fix: 'Check that this file is a bundle; allow more bytes, and 8 times as much memory, if it is.',
      facts: { bytes },
    })
  const source =
    typeof input === 'string'
      ? createReadStream(input)
      : Readable.from([Buffer.from(input.buffer, input.byteOffset, bytes)])
  const archive = await unpack(source)
  const missing = [...expected].filter(name => !archive.files.has(name)).map(name => `${name} is missing`)
  return { files: archive.files, faults: [...archive.faults, ...missing] }
}
