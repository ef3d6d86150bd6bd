import { fault } from '../infra/errors.ts'
import { int8Names } from './architectures/beside.ts'
import type { ModelConfig } from './architectures/config.ts'
import { headName } from './architectures/decoder.ts'
import { linearShapes } from './architectures/weights.ts'
import { int8Product } from './graph/int8.ts'
import { Tape } from './graph/tape.ts'
import { floats, openSession, type Session, type Tensor } from './session.ts'

/**
 * A matrix m [rows, columns] in 8 bits, transposed first where asked: round(m / s) with s = max |m| / 127 of each column of
 * the result.
 */
export function int8Matrix(
  m: Float32Array,
  rows: number,
  columns: number,
  transpose: boolean,
): { values: Tensor; scales: Tensor } {
  const [depth, count] = transpose ? [columns, rows] : [rows, columns]
  const from = (r: number, c: number): number => m[transpose ? c * columns + r : r * columns + c]!
  const scales = new Float32Array(count)
  for (let r = 0; r < depth; r++)
    for (let c = 0; c < count; c++) scales[c] = Math.max(scales[c]!, Math.abs(from(r, c)))
  // A column of zeros keeps the scale 1, so that nothing is divided by zero.
  for (let c = 0; c < count; c++) scales[c] = scales[c]! / 127 || 1
  const values = new Int8Array(depth * count)
  for (let i = 0, r = 0; r < depth; r++)
    for (let c = 0; c < count; c++, i++) values[i] = Math.round(from(r, c) / scales[c]!)
  return { values: { type: 'int8', dims: [depth, count], data: values }, scales: floats(scales, [count]) }
}

/** Every linear layer of the base in 8 bits for both directions, and the head for its logits. */
export function int8Weights(
  config: ModelConfig,
  weights: Readonly<Record<string, Tensor>>,
): Record<string, Tensor> {
  const made: Record<string, Tensor> = {}
  const add = (
    name: string,
    path: string,
    out: number,
    width: number,
    side: 'forward' | 'backward',
  ): void => {
    const matrix = int8Matrix(weights[name]!.data as Float32Array, out, width, side === 'forward')
    const names = int8Names(path)[side]
    made[names.values] = matrix.values
    made[names.scales] = matrix.scales
  }
  add(headName(config), 'head', config.vocabulary, config.dim, 'forward')
  for (let layer = 0; layer < config.layers; layer++) {
    for (const [module, [out, width]] of linearShapes(config)) {
      const path = `model.layers.${layer}.${module}`
      add(`${path}.weight`, path, out, width, 'forward')
      add(`${path}.weight`, path, out, width, 'backward')
    }
  }
  return made
}

/** The largest integers times each other, whose pairs overflow 16 bits where a processor adds them there (AVX2 without VNNI). */
const rows = 8
const depth = 256
const width = 32
const largest = 255 * 127 * depth

function largestProduct(): Uint8Array {
  const tape = new Tape()
  const x = {
    values: tape.input('x', [rows, depth], 'uint8'),
    scale: tape.input('scale', []),
    zero: tape.input('zero', [], 'uint8'),
  }
  const w = { values: tape.input('w', [depth, width], 'int8'), scales: tape.input('scales', [width]) }
  tape.output('y', int8Product(tape, x, w, [rows, width]))
  return tape.encode('largest int8 product')
}

/** Whether 8-bit products are exact in this session, with both signs. */
async function isExact(session: Session): Promise<boolean> {
  for (const sign of [1, -1]) {
    const { y } = await session.run({
      x: { type: 'uint8', dims: [rows, depth], data: new Uint8Array(rows * depth).fill(255) },
      w: { type: 'int8', dims: [depth, width], data: new Int8Array(depth * width).fill(127 * sign) },
      scale: floats(Float32Array.of(1), []),
      scales: floats(new Float32Array(width).fill(1), [width]),
      zero: { type: 'uint8', dims: [], data: Uint8Array.of(0) },
    })
    if (!y!.data.every(value => value === sign * largest)) return false
  }
  return true
}

/**
 * Checks with a small known product that this processor multiplies 8-bit integers exactly.
 * Error `int8-unsupported` (fix: float32) where it does not.
 */
export async function checkInt8(threads: number, open = openSession): Promise<void> {
  const session = await open(largestProduct(), { threads })
  const exact = await isExact(session).finally(() => session.close())
  if (exact) return
  throw fault('int8-unsupported', 'This processor multiplies 8-bit integers inexactly.', {
    fix: "Use products: 'float32'.",
  })
}
