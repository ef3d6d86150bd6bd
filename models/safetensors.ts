import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { fault } from '../infra/errors.ts'

/** Element sizes in bytes of the types that can be read. */
const sizes = { F32: 4, BF16: 2, F16: 2, I32: 4, I64: 8 } as const
type StoredType = keyof typeof sizes

export interface StoredTensor {
  shape: readonly number[]
  /** As float32, whatever the file stores. */
  data: Float32Array
}

export interface SafetensorsFile {
  tensors: ReadonlyMap<string, StoredTensor>
  metadata: Readonly<Record<string, string>>
}

/** The format allows 100 MB; a header here names at most some thousand tensors. */
const headerLimit = 16 * 2 ** 20

const entrySchema = z.strictObject({
  dtype: z.enum(['F32', 'BF16', 'F16', 'I32', 'I64']),
  shape: z.array(z.int().nonnegative()).max(8),
  data_offsets: z.tuple([z.int().nonnegative(), z.int().nonnegative()]),
})
const headerSchema = z.record(z.string(), z.unknown())
const metadataSchema = z.record(z.string(), z.string()).default({})

const broken = (file: string, what: string, cause?: unknown) =>
  fault('safetensors-invalid', `${file} is not a usable safetensors file: ${what}.`, {
    fix: 'Save it again with the safetensors library.',
    facts: { file },
    ...(cause === undefined ? {} : { cause }),
  })

/**
 * Reads a safetensors file whole, as float32.
 * Error `safetensors-invalid`: oversize or malformed header, unknown types, ranges outside the file or overlapping.
 */
export async function readSafetensors(path: string): Promise<SafetensorsFile> {
  return parseSafetensors(await readFile(path), path)
}

/** As `readSafetensors`, from bytes; `file` names them in errors. */
export function parseSafetensors(bytes: Uint8Array, file: string): SafetensorsFile {
  const { header, start } = readHeader(bytes, file)
  const tensors = new Map<string, StoredTensor>()
  let metadata: Record<string, string> = {}
  let used = 0
  for (const [name, value] of Object.entries(header)) {
    if (name === '__metadata__') {
      metadata = metadataSchema.parse(value)
      continue
    }
    const entry = entrySchema.safeParse(value)
    if (!entry.success) throw broken(file, `the entry of ${name} is not understood`, entry.error)
    const {
      dtype,
      shape,
      data_offsets: [from, to],
    } = entry.data
    const elements = shape.reduce((product, size) => product * size, 1)
    if (to - from !== elements * sizes[dtype] || start + to > bytes.length) {
      throw broken(file, `the range of ${name} does not fit its shape or the file`)
    }
    used += to - from
    tensors.set(name, { shape, data: toFloats(bytes, start + from, elements, dtype) })
  }
  if (used !== bytes.length - start) throw broken(file, 'its tensors overlap or leave gaps')
  return { tensors, metadata }
}

function readHeader(bytes: Uint8Array, file: string): { header: Record<string, unknown>; start: number } {
  if (bytes.length < 8) throw broken(file, 'it has no header')
  const length = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true)
  if (length > BigInt(headerLimit) || Number(length) + 8 > bytes.length)
    throw broken(file, 'its header is too large')
  const start = 8 + Number(length)
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(8, start))
    return { header: headerSchema.parse(JSON.parse(text)), start }
  } catch (cause) {
    throw broken(file, 'its header is not JSON', cause)
  }
}

function toFloats(bytes: Uint8Array, from: number, elements: number, dtype: StoredType): Float32Array {
  // The copy also aligns: a typed array may not start at an odd offset of the file.
  const own = bytes.slice(from, from + elements * sizes[dtype])
  if (dtype === 'F32') return new Float32Array(own.buffer, own.byteOffset, elements)
  const out = new Float32Array(elements)
  if (dtype === 'BF16') {
    const halves = new Uint16Array(own.buffer, own.byteOffset, elements)
    const bits = new Uint32Array(out.buffer)
    for (let i = 0; i < elements; i++) bits[i] = halves[i]! << 16
  } else if (dtype === 'F16') {
    out.set(new Float16Array(own.buffer, own.byteOffset, elements))
  } else if (dtype === 'I32') {
    out.set(new Int32Array(own.buffer, own.byteOffset, elements))
  } else {
    const wide = new BigInt64Array(own.buffer, own.byteOffset, elements)
    for (let i = 0; i < elements; i++) out[i] = Number(wide[i]!)
  }
  return out
}

/** Serialises float32 tensors in the given order; metadata goes into the header, so a hash of the bytes covers it. */
export function encodeSafetensors(
  tensors: Iterable<readonly [name: string, tensor: StoredTensor]>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const list = [...tensors]
  const header: Record<string, unknown> = { __metadata__: { format: 'pt', ...metadata } }
  let offset = 0
  for (const [name, { shape, data }] of list) {
    header[name] = { dtype: 'F32', shape, data_offsets: [offset, offset + data.byteLength] }
    offset += data.byteLength
  }
  const text = Buffer.from(JSON.stringify(header))
  const padded = Math.ceil(text.length / 8) * 8
  const bytes = new Uint8Array(8 + padded + offset).fill(0x20, 8, 8 + padded)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(padded), true)
  bytes.set(text, 8)
  let at = 8 + padded
  for (const [, { data }] of list) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at)
    at += data.byteLength
  }
  return bytes
}
