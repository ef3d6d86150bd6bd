import { float } from '../onnx.ts'
import type { Tape, Value } from './tape.ts'

/**
 * RMS normalisation over the last axis, y = x r w with r = 1 / sqrt(mean(x^2) + epsilon); w [d] is frozen.
 * With h = gradient w:  dx = r (h - x r^2 mean(h x)).
 */
export function rmsNorm(tape: Tape, x: Value, weight: Value, epsilon: number): Value {
  const { dims } = x
  const column = [...dims.slice(0, -1), 1]
  const lastAxis = tape.integers([-1])
  const mean = (value: Value): Value => tape.emit('ReduceMean', [value, lastAxis], column)
  let output: Value
  let inverse: Value
  if (tape.plain) {
    const square = mean(tape.emit('Mul', [x, x], dims))
    inverse = tape.emit(
      'Reciprocal',
      [tape.emit('Sqrt', [tape.emit('Add', [square, tape.scalar(epsilon)], column)], column)],
      column,
    )
    output = tape.emit('Mul', [tape.emit('Mul', [x, inverse], dims), weight], dims)
  } else {
    const outputs = tape.emitMany('SimplifiedLayerNormalization', [x, weight], [dims, column], {
      axis: -1,
      epsilon: float(epsilon),
    })
    output = outputs[0]!
    inverse = outputs[1]!
  }
  return tape.record(output, [x], gradient => [
    () => {
      const h = tape.emit('Mul', [gradient, weight], dims)
      const along = mean(tape.emit('Mul', [h, x], dims))
      const factor = tape.emit('Mul', [along, tape.emit('Mul', [inverse, inverse], column)], column)
      const difference = tape.emit('Sub', [h, tape.emit('Mul', [x, factor], dims)], dims)
      return tape.emit('Mul', [difference, inverse], dims)
    },
  ])
}
