import { product } from './products.ts'
import type { Tape, Value } from './tape.ts'

/**
 * Weighted sums of packed rows, y = w x with x [N, d] and w [S, N] frozen; w[s, n] = 1 / length of s for the rows of sequence
 * s and 0 elsewhere makes means. The gradient is dx = w^T dy: a product of 0.1 GFLOP, where moving rows would take a rectangle.
 */
export function poolRows(tape: Tape, x: Value, weights: Value): Value {
  const output = product(tape, weights, x, [weights.dims[0]!, x.dims[1]!])
  return tape.record(output, [x], gradient => [
    () => product(tape, weights, gradient, x.dims, { transA: true }),
  ])
}

/** Under this length a row counts as zero: it stays near zero instead of becoming a direction made of rounding errors. */
const shortest = 1e-12

/** y = x / |x| over the last axis (L2). The gradient is what of it lies across y: dx = (dy - y (dy . y)) / |x|. */
export function normaliseRows(tape: Tape, x: Value): Value {
  const { dims } = x
  const column = [...dims.slice(0, -1), 1]
  const lastAxis = tape.integers([-1])
  const length = tape.emit('ReduceL2', [x, lastAxis], column)
  const divisor = tape.emit('Max', [length, tape.scalar(shortest)], column)
  const output = tape.emit('Div', [x, divisor], dims)
  return tape.record(output, [x], gradient => [
    () => {
      const along = tape.emit('ReduceSum', [tape.emit('Mul', [gradient, output], dims), lastAxis], column)
      const across = tape.emit('Sub', [gradient, tape.emit('Mul', [output, along], dims)], dims)
      return tape.emit('Div', [across, divisor], dims)
    },
  ])
}
