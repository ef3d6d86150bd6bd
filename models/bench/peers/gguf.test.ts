import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openModel } from '../../model.ts'
import { benchAdapters } from '../decode-steps.ts'
import { encodeAs, type GgufTensor, ggufHeader } from './gguf.ts'
import { interleaved, writeLlamaGguf, writeLoraGguf } from './llama-gguf.ts'

const values = Float32Array.from({ length: 64 }, (_, i) => Math.sin(i * 1.7) * (i < 32 ? 1 : 5))

interface Header {
  version: number
  metadata: Map<string, unknown>
  tensors: { name: string; dims: number[]; type: number; offset: number }[]
  /** Where the data begins. */
  start: number
}

/** Reads a header as ggml's docs/gguf.md describes it. */
function readHeader(bytes: Buffer): Header {
  let at = 4
  const skip = (size: number): number => {
    at += size
    return at - size
  }
  const uint32 = (): number => bytes.readUInt32LE(skip(4))
  const uint64 = (): number => Number(bytes.readBigUInt64LE(skip(8)))
  const text = (): string => {
    const from = skip(uint64())
    return bytes.toString('utf8', from, at)
  }
  const value = (type: number): unknown => {
    if (type === 8) return text()
    if (type === 6) return bytes.readFloatLE(skip(4))
    if (type !== 9) return uint32()
    const [inner, count] = [uint32(), uint64()]
    return Array.from({ length: count }, () => value(inner))
  }
  expect(bytes.toString('latin1', 0, 4)).toBe('GGUF')
  const [version, tensors, pairs] = [uint32(), uint64(), uint64()]
  const metadata = new Map(Array.from({ length: pairs }, () => [text(), value(uint32())]))
  const list = Array.from({ length: tensors }, () => ({
    name: text(),
    dims: Array.from({ length: uint32() }, uint64),
    type: uint32(),
    offset: uint64(),
  }))
  return { version, metadata, tensors: list, start: Math.ceil(at / 32) * 32 }
}

const tensor = (name: string, shape: number[], type: GgufTensor['type']): GgufTensor => ({
  name,
  shape,
  type,
  bytes: () => new Uint8Array(0),
})

test('the header counts tensors, names the fastest axis first and aligns data to 32 bytes', () => {
  const header = Buffer.from(
    ggufHeader({ 'general.architecture': { type: 'string', value: 'llama' } }, [
      tensor('a', [3], 'F32'),
      tensor('b', [2, 32], 'Q8_0'),
      tensor('c', [2, 32], 'Q4_0'),
      tensor('d', [1], 'F32'),
    ]),
  )
  const read = readHeader(header)
  expect(read.version).toBe(3)
  expect(read.metadata.get('general.architecture')).toBe('llama')
  expect(read.tensors.map(({ dims }) => dims)).toEqual([[3], [32, 2], [32, 2], [1]])
  expect(read.tensors.map(({ type }) => type)).toEqual([0, 8, 2, 0])
  // 12 bytes, 2 blocks of 34 and 2 of 18, each rounded up to 32.
  expect(read.tensors.map(({ offset }) => offset)).toEqual([0, 32, 128, 192])
  expect(header.length).toBe(read.start)
})

test('Q8_0 is within half a step of each block, Q4_0 within one, but for the scale that is rounded to 16 bits', () => {
  const half = (bytes: Uint8Array, at: number): number => new Float16Array(bytes.slice(at, at + 2).buffer)[0]!
  const eight = encodeAs('Q8_0', values)
  const four = encodeAs('Q4_0', values)
  for (const [i, value] of values.entries()) {
    const [block, place] = [i >> 5, i % 32]
    const scale = half(eight, block * 34)
    expect(Math.abs(scale * ((eight[block * 34 + 2 + place]! << 24) >> 24) - value)).toBeLessThan(
      0.57 * scale,
    )
    const coarse = half(four, block * 18)
    const byte = four[block * 18 + 2 + (place % 16)]!
    const nibble = place < 16 ? byte & 15 : byte >> 4
    expect(Math.abs(coarse * (nibble - 8) - value)).toBeLessThan(1.01 * Math.abs(coarse))
  }
})

test('rows of a head go from halves to neighbouring pairs', () => {
  const rows = Float32Array.from({ length: 8 }, (_, i) => i)
  expect([...interleaved(rows, 2, 1)]).toEqual([0, 2, 1, 3, 4, 6, 5, 7])
})

test('a base and an adapter become files whose last tensor ends where the file does', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tributary-gguf-'))
  const model = await openModel(join(import.meta.dirname, '../../golden/llama-tied/base'), 1)
  try {
    const [base, lora] = [join(folder, 'base.gguf'), join(folder, 'lora.gguf')]
    await writeLlamaGguf(base, model, 'F32')
    await writeLoraGguf(lora, model, benchAdapters(model, 1)[0]!)
    const { layers, tiedHead } = model.config
    for (const [path, count] of [
      [base, 2 + Number(!tiedHead) + 9 * layers],
      [lora, 14 * layers],
    ] as const) {
      const bytes = await readFile(path)
      const { tensors, start } = readHeader(bytes)
      expect(tensors.length).toBe(count)
      const last = tensors.at(-1)!
      const size = 4 * last.dims.reduce((product, dim) => product * dim, 1)
      expect(bytes.length).toBe(start + last.offset + Math.ceil(size / 32) * 32)
    }
  } finally {
    await model.close()
    await rm(folder, { recursive: true })
  }
})

test('a family that llama.cpp would need other tensors for is refused', async () => {
  const model = await openModel(join(import.meta.dirname, '../../golden/qwen3/base'), 1)
  await expect(writeLlamaGguf(join(tmpdir(), 'none.gguf'), model, 'F32')).rejects.toThrow(/qwen3/)
  await model.close()
})
