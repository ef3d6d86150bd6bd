import { expect, test } from 'vitest'
import { encodeSafetensors, parseSafetensors } from './safetensors.ts'

const build = (header: unknown, data: Uint8Array): Uint8Array => {
  const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header))
  const bytes = new Uint8Array(8 + text.length + data.length)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true)
  bytes.set(text, 8)
  bytes.set(data, 8 + text.length)
  return bytes
}
const entry = (dtype: string, shape: number[], from: number, to: number) => ({
  dtype,
  shape,
  data_offsets: [from, to],
})

test('what was encoded parses back, with its metadata', () => {
  const bytes = encodeSafetensors(
    [
      ['a', { shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) }],
      ['b', { shape: [1], data: Float32Array.of(-0.5) }],
    ],
    { run: 'x' },
  )
  const { tensors, metadata } = parseSafetensors(bytes, 'file')
  expect(metadata).toEqual({ format: 'pt', run: 'x' })
  expect(tensors.get('a')).toEqual({ shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) })
  expect(tensors.get('b')!.data).toEqual(Float32Array.of(-0.5))
})

test('bfloat16 and float16 are read as float32', () => {
  const half = new Uint8Array(Float16Array.of(1.5, -2).buffer)
  const brain = new Uint8Array(Uint16Array.of(0x3fc0, 0xc000).buffer)
  const bytes = build(
    { f: entry('F16', [2], 0, 4), b: entry('BF16', [2], 4, 8) },
    Uint8Array.of(...half, ...brain),
  )
  const { tensors } = parseSafetensors(bytes, 'file')
  expect([...tensors.get('f')!.data]).toEqual([1.5, -2])
  expect([...tensors.get('b')!.data]).toEqual([1.5, -2])
})

test.each([
  ['an oversize header', () => Uint8Array.of(0, 0, 0, 0, 0, 1, 0, 0, 1)],
  ['a header past the end', () => Uint8Array.of(200, 0, 0, 0, 0, 0, 0, 0, 1)],
  ['no header', () => Uint8Array.of(1, 2)],
  ['a header that is not JSON', () => build('{', new Uint8Array(0))],
  ['a range outside the file', () => build({ a: entry('F32', [2], 0, 8) }, new Uint8Array(4))],
  ['a range that does not fit the shape', () => build({ a: entry('F32', [2], 0, 4) }, new Uint8Array(4))],
  [
    'overlapping ranges',
    () => build({ a: entry('F32', [1], 0, 4), b: entry('F32', [1], 0, 4) }, new Uint8Array(4)),
  ],
  ['an unknown type', () => build({ a: entry('F8', [4], 0, 4) }, new Uint8Array(4))],
])('%s is refused', (_, make) => {
  expect(() => parseSafetensors(make(), 'file')).toThrow(
    expect.objectContaining({ code: 'safetensors-invalid' }),
  )
})
