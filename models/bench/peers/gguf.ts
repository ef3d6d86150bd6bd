import { open } from 'node:fs/promises'

/** Tensor types of ggml that are written here, by the number that the file gives them. */
export const ggmlTypes = { F32: 0, Q4_0: 2, Q8_0: 8 } as const
export type GgmlType = keyof typeof ggmlTypes

export type GgufValue =
  | { type: 'uint32' | 'float32'; value: number }
  | { type: 'string'; value: string }
  | { type: 'strings'; value: readonly string[] }
  | { type: 'int32s'; value: readonly number[] }

export interface GgufTensor {
  name: string
  /** Row-major, the slowest axis first; the file names them the other way round. */
  shape: readonly number[]
  type: GgmlType
  /** Called when the tensor is written, so that one at a time is in memory. */
  bytes(): Uint8Array
}

const alignment = 32
/** Weights that share a scale in Q4_0 and Q8_0. */
const blockSize = 32
const blockBytes = { Q4_0: 2 + blockSize / 2, Q8_0: 2 + blockSize } as const
const valueTypes = { uint32: 4, int32: 5, float32: 6, string: 8, array: 9 } as const

const aligned = (size: number): number => Math.ceil(size / alignment) * alignment

const elementsOf = ({ shape }: GgufTensor): number => shape.reduce((product, size) => product * size, 1)

const sizeOf = (tensor: GgufTensor): number =>
  tensor.type === 'F32' ? 4 * elementsOf(tensor) : (elementsOf(tensor) / blockSize) * blockBytes[tensor.type]

/** Everything before the tensors' data, padded to where that begins. Format: ggml's docs/gguf.md, version 3. */
export function ggufHeader(
  metadata: Readonly<Record<string, GgufValue>>,
  tensors: readonly GgufTensor[],
): Uint8Array {
  const parts: Uint8Array[] = []
  const uint32 = (value: number): number => parts.push(new Uint8Array(Uint32Array.of(value).buffer))
  const int32s = (values: readonly number[]): number =>
    parts.push(new Uint8Array(Int32Array.from(values).buffer))
  const uint64 = (value: number): number =>
    parts.push(new Uint8Array(BigUint64Array.of(BigInt(value)).buffer))
  const text = (value: string): void => {
    const bytes = new TextEncoder().encode(value)
    uint64(bytes.length)
    parts.push(bytes)
  }
  const array = (type: number, count: number): void => {
    uint32(valueTypes.array)
    uint32(type)
    uint64(count)
  }
  const entry = (given: GgufValue): void => {
    if (given.type === 'strings') {
      array(valueTypes.string, given.value.length)
      for (const value of given.value) text(value)
    } else if (given.type === 'int32s') {
      array(valueTypes.int32, given.value.length)
      int32s(given.value)
    } else {
      uint32(valueTypes[given.type])
      if (given.type === 'string') text(given.value)
      else if (given.type === 'uint32') uint32(given.value)
      else parts.push(new Uint8Array(Float32Array.of(given.value).buffer))
    }
  }
  parts.push(new TextEncoder().encode('GGUF'))
  uint32(3)
  uint64(tensors.length)
  uint64(Object.keys(metadata).length)
  for (const [key, value] of Object.entries(metadata)) {
    text(key)
    entry(value)
  }
  let offset = 0
  for (const tensor of tensors) {
    text(tensor.name)
    uint32(tensor.shape.length)
    for (const size of tensor.shape.toReversed()) uint64(size)
    uint32(ggmlTypes[tensor.type])
    uint64(offset)
    offset += aligned(sizeOf(tensor))
  }
  const header = Buffer.concat(parts)
  return Buffer.concat([header, new Uint8Array(aligned(header.length) - header.length)])
}

/** Writes a GGUF file, tensor by tensor. */
export async function writeGguf(
  path: string,
  metadata: Readonly<Record<string, GgufValue>>,
  tensors: readonly GgufTensor[],
): Promise<void> {
  const file = await open(path, 'w')
  try {
    await file.writeFile(ggufHeader(metadata, tensors))
    for (const tensor of tensors) {
      const bytes = tensor.bytes()
      await file.writeFile(bytes)
      await file.writeFile(new Uint8Array(aligned(bytes.length) - bytes.length))
    }
  } finally {
    await file.close()
  }
}

/** Values as one of ggml's types, rounded as ggml's reference quantisers do. The length is a multiple of 32 but for F32. */
export function encodeAs(type: GgmlType, values: Float32Array): Uint8Array {
  if (type === 'F32') return new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
  const size = blockBytes[type]
  const out = new Uint8Array((values.length / blockSize) * size)
  const half = new Float16Array(1)
  const halfBytes = new Uint8Array(half.buffer)
  for (let block = 0; block < values.length / blockSize; block++) {
    const from = block * blockSize
    let extreme = 0
    for (let i = from; i < from + blockSize; i++)
      if (Math.abs(values[i]!) > Math.abs(extreme)) extreme = values[i]!
    const scale = type === 'Q8_0' ? Math.abs(extreme) / 127 : extreme / -8
    const inverse = scale === 0 ? 0 : 1 / scale
    half[0] = scale
    out.set(halfBytes, block * size)
    const at = block * size + 2
    if (type === 'Q8_0') {
      for (let i = 0; i < blockSize; i++) out[at + i] = Math.round(values[from + i]! * inverse)
      continue
    }
    // A byte holds a value of the block's first half and, above it, its counterpart of the second.
    const nibble = (i: number): number => Math.min(15, Math.trunc(values[i]! * inverse + 8.5))
    for (let i = 0; i < blockSize / 2; i++)
      out[at + i] = nibble(from + i) | (nibble(from + i + blockSize / 2) << 4)
  }
  return out
}
