import type { Dim } from '../onnx.ts'
import type { Tape, Value } from './tape.ts'

/** A frozen matrix [k, n] as 8-bit integers, each column with a scale of its own: value = integer * scale. */
export interface Int8Matrix {
  /** int8 [k, n], within +-127. */
  values: Value
  /** float32 [n]. */
  scales: Value
}

/** Rows as unsigned 8-bit integers under one scale: value = (integer - zero) * scale. */
export interface Int8Rows {
  values: Value
  scale: Value
  zero: Value
}

/** Quantises x [N, k] to the range that it spans (ONNX's DynamicQuantizeLinear); not recorded. */
export function quantised(tape: Tape, x: Value): Int8Rows {
  const [values, scale, zero] = tape.emitMany('DynamicQuantizeLinear', [x], [x.dims, [], []])
  return {
    values: { ...values!, type: 'uint8' },
    scale: scale!,
    zero: { ...zero!, type: 'uint8' },
  }
}

/**
 * x [N, k] times a quantised matrix [k, n], to float32 [N, n]; not recorded: the caller's gradient is the straight-through one,
 * the product with the transposed matrix. Sums are exact in 32 bits where the processor multiplies u8 by s8 without
 * saturating (AVX512-VNNI, AVX-VNNI, AMX, ARM); older ones may clip pairs, which `checkInt8` finds out.
 */
export function int8Product(tape: Tape, x: Int8Rows, w: Int8Matrix, dims: readonly Dim[]): Value {
  if (!tape.plain) {
    const inputs = [x.values, w.values, x.scale, w.scales, x.zero]
    return { ...tape.emit('MatMulIntegerToFloat', inputs, dims, {}, 'com.microsoft'), type: 'float32' }
  }
  const sums = tape.emit('MatMulInteger', [x.values, w.values, x.zero], dims)
  const cast = { ...tape.emit('Cast', [sums], dims, { to: 1 }), type: 'float32' as const }
  return tape.emit('Mul', [cast, tape.emit('Mul', [x.scale, w.scales], w.scales.dims)], dims)
}

/**
 * x [N, k] times a quantised matrix, every row of x with a scale of its own, max |row| / 127: where few rows are far larger than
 * the others, as the gated units of a sequence's first token are, one scale for all would round the others away (on MedQuAD the
 * gradient was off by 48% with one scale for the feed-forward layer's second matrix, by 5% with one a row).
 */
export function int8ProductByRow(tape: Tape, x: Value, w: Int8Matrix, dims: readonly Dim[]): Value {
  const rows = x.dims[0]!
  const column = [rows, 1]
  const last = tape.integers([-1])
  const largest = tape.emit('ReduceMax', [x, last], column)
  const lowest = tape.emit('Neg', [tape.emit('ReduceMin', [x, last], column)], column)
  const reach = tape.emit('Max', [largest, lowest, tape.scalar(1e-30)], column)
  const scale = tape.emit('Mul', [reach, tape.scalar(1 / 127)], column)
  const scales = tape.emit('Squeeze', [scale, last], [rows])
  const middle = tape.constant('int8 middle', 'uint8', [], Uint8Array.of(128))
  const zeros = {
    ...tape.emit('Expand', [middle, tape.emit('Shape', [scales], [1])], [rows]),
    type: middle.type,
  }
  const values = tape.emit('QuantizeLinear', [x, scales, zeros], x.dims, { axis: 0 })
  const unscaled = { values: { ...values, type: middle.type }, scale: tape.scalar(1), zero: middle }
  return tape.emit('Mul', [int8Product(tape, unscaled, w, dims), scale], dims)
}
