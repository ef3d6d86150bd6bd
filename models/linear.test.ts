import { afterAll, expect, test } from 'vitest'
import { closeLinear, matmulTransposed } from './linear.ts'

afterAll(closeLinear)

const wave = (length: number, step: number): Float32Array =>
  Float32Array.from({ length }, (_, i) => Math.sin(i * step) / 2)

function plain(a: ArrayLike<number>, b: ArrayLike<number>, k: number): number[] {
  const out: number[] = []
  for (let i = 0; i < a.length; i += k)
    for (let j = 0; j < b.length; j += k) {
      let sum = 0
      for (let x = 0; x < k; x++) sum += a[i + x]! * b[j + x]!
      out.push(sum)
    }
  return out
}

test('a product with a transposed matrix equals the sum of products', async () => {
  const a = wave(7 * 33, 0.7)
  const b = wave(5 * 33, 1.3)
  const product = await matmulTransposed(a, b, 33, 1)
  for (const [i, want] of plain(a, b, 33).entries()) expect(product[i]).toBeCloseTo(want, 5)
})

test('float16 operands are read by their bits', async () => {
  const a = Float16Array.from(wave(4 * 16, 0.3))
  const b = Float16Array.from(wave(3 * 16, 0.9))
  const product = await matmulTransposed(new Uint16Array(a.buffer), new Uint16Array(b.buffer), 16, 1)
  for (const [i, want] of plain(a, b, 16).entries()) expect(product[i]).toBeCloseTo(want, 5)
})

test('a partial row is refused', async () => {
  await expect(matmulTransposed(new Float32Array(10), new Float32Array(9), 3)).rejects.toMatchObject({
    code: 'shape-mismatch',
  })
})
