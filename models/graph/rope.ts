import type { Tape, Value } from './tape.ts'

/** Tables [context, headDim / 2] of the rotation angles, and the position of each token [batch, time]. */
export interface Rotation {
  cos: Value
  sin: Value
  positions: Value
}

/**
 * Rotary position embedding of x [batch, heads, time, headDim]: the halves (a, b) of a head become
 * (a cos - b sin, b cos + a sin). The gradient is the rotation by the opposite angle.
 */
export function rotate(tape: Tape, x: Value, rotation: Rotation): Value {
  const turned = (value: Value, sin: Value): Value => {
    const { cos, positions } = rotation
    if (tape.plain) return turnPlainly(tape, value, { cos, sin, positions })
    return tape.emit('RotaryEmbedding', [value, positions, cos, sin], x.dims, {}, 'com.microsoft')
  }
  return tape.record(turned(x, rotation.sin), [x], gradient => [
    () => turned(gradient, tape.emit('Neg', [rotation.sin], rotation.sin.dims)),
  ])
}

function turnPlainly(tape: Tape, x: Value, { cos, sin, positions }: Rotation): Value {
  const [batch = 1, heads = 1, time = 1, headDim] = x.dims
  const half = Number(headDim) / 2
  const halfDims = [batch, heads, time, half]
  const angles = (table: Value): Value => {
    const rows = tape.emit('Gather', [table, positions], [batch, time, half], { axis: 0 })
    return tape.emit('Unsqueeze', [rows, tape.integers([1])], [batch, 1, time, half])
  }
  const part = (index: number): Value =>
    tape.emit(
      'Slice',
      [x, tape.integers([index * half]), tape.integers([(index + 1) * half]), tape.integers([3])],
      halfDims,
    )
  const [a, b, c, s] = [part(0), part(1), angles(cos), angles(sin)]
  const times = (left: Value, right: Value): Value => tape.emit('Mul', [left, right], halfDims)
  const first = tape.emit('Sub', [times(a, c), times(b, s)], halfDims)
  const second = tape.emit('Add', [times(b, c), times(a, s)], halfDims)
  return tape.emit('Concat', [first, second], x.dims, { axis: 3 })
}
