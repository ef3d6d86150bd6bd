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
 * With s = sigmoid(g) and o the output, d gate = dy (s (up - o) + o), which takes one pass less over the rows than s (1 + g - g s).
 */
export function gatedSilu(tape: Tape, gate: Value, up: Value): Value {
  const { dims } = gate
  const sigmoid = tape.emit('Sigmoid', [gate], dims)
  const silu = tape.emit('Mul', [gate, sigmoid], dims)
  const output = tape.emit('Mul', [silu, up], dims)
  return tape.record(output, [gate, up], gradient => [
    () => {
      const part = tape.emit('Mul', [tape.emit('Sub', [up, output], dims), sigmoid], dims)
      return tape.emit('Mul', [tape.emit('Add', [part, output], dims), gradient], dims)
    },
    () => tape.emit('Mul', [gradient, silu], dims),
  ])
}
