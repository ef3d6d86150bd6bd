import type { Dim } from '../onnx.ts'
import type { Tape, Value } from './tape.ts'

/** The same elements in another shape; -1 in `sizes` stands for what is left, 0 for the same size as before. */
export function reshape(tape: Tape, x: Value, sizes: readonly number[], dims: readonly Dim[]): Value {
  const output = tape.emit('Reshape', [x, tape.integers(sizes)], dims)
  return tape.record(output, [x], gradient => [
    () => tape.emit('Reshape', [gradient, tape.emit('Shape', [x], [x.dims.length])], x.dims),
  ])
}

/** Rows of x [rows, d] by index (any shape), to [...index, d]; not differentiated: the table is frozen. */
export const lookUp = (tape: Tape, x: Value, index: Value): Value =>
  tape.emit('Gather', [x, index], [...index.dims, ...x.dims.slice(1)], { axis: 0 })

/** Where rows go, and where they came from. */
export interface Move {
  /** For each row of the output, the row of x (rows counted over all axes but the last). */
  index: Value
  /** For each row of x, the row of the output. */
  inverse: Value
  /** Shape [...inverse, 1]: 0 where a row of x went nowhere or only fills a rectangle, so that it gets no gradient. */
  inverseReal?: Value
}

/**
 * Moves rows of x [..., width] to [...index, width]. One Gather does padding, unpadding, head splitting and transposition;
 * because each real row is moved and none is shared, the gradient is a Gather too (no scatter, one fixed order).
 */
export function moveRows(tape: Tape, x: Value, { index, inverse, inverseReal }: Move): Value {
  const width = Number(x.dims.at(-1))
  const gather = (rows: Value, by: Value): Value => {
    const flat = tape.emit('Reshape', [rows, tape.integers([-1, width])], ['rows', width])
    return tape.emit('Gather', [flat, by], [...by.dims, width], { axis: 0 })
  }
  return tape.record(gather(x, index), [x], gradient => [
    () => {
      const rows = gather(gradient, inverse)
      const real = inverseReal ? tape.emit('Mul', [rows, inverseReal], rows.dims) : rows
      return tape.emit('Reshape', [real, tape.emit('Shape', [x], [x.dims.length])], x.dims)
    },
  ])
}
