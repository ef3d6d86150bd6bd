import { float } from '../onnx.ts'
import type { Tape, Value } from './tape.ts'

/** a + b, of the same shape. */
export const add = (tape: Tape, a: Value, b: Value): Value =>
  tape.record(tape.emit('Add', [a, b], a.dims), [a, b], gradient => [() => gradient, () => gradient])

/** a * b, of the same shape. */
export const multiply = (tape: Tape, a: Value, b: Value): Value =>
  tape.record(tape.emit('Mul', [a, b], a.dims), [a, b], gradient => [
    () => tape.emit('Mul', [gradient, b], a.dims),
    () => tape.emit('Mul', [gradient, a], a.dims),
  ])

/** x + bias, the bias [d] being frozen. */
export const addBias = (tape: Tape, x: Value, bias: Value): Value =>
  tape.record(tape.emit('Add', [x, bias], x.dims), [x], gradient => [() => gradient])

/**
 * silu(gate) * up, with silu(g) = g sigmoid(g): the gated unit of Llama's feed-forward layer.
 * With s = sigmoid(g) and a = g s, the derivative of silu is s + a (1 - s) = s (1 + g - a).
 */
export function gatedSilu(tape: Tape, gate: Value, up: Value): Value {
  const { dims } = gate
  const sigmoid = tape.emit('Sigmoid', [gate], dims)
  const silu = tape.plain
    ? tape.emit('Mul', [gate, sigmoid], dims)
    : tape.emit('QuickGelu', [gate], dims, { alpha: float(1) }, 'com.microsoft')
  const output = tape.emit('Mul', [silu, up], dims)
  return tape.record(output, [gate, up], gradient => [
    () => {
      const slope = tape.emit('Add', [tape.emit('Sub', [gate, silu], dims), tape.scalar(1)], dims)
      const outer = tape.emit('Mul', [tape.emit('Mul', [gradient, up], dims), sigmoid], dims)
      return tape.emit('Mul', [outer, slope], dims)
    },
    () => tape.emit('Mul', [gradient, silu], dims),
  ])
}
