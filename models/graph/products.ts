import { type Dim, float } from '../onnx.ts'
import type { Tape, Value } from './tape.ts'

export interface ProductOptions {
  transA?: boolean
  transB?: boolean
  /** Factor of the product. */
  alpha?: number
}

/** a times b over the last two axes, either one transposed; not recorded (products.ts and attention.ts build on it). */
export function product(
  tape: Tape,
  a: Value,
  b: Value,
  dims: readonly Dim[],
  options: ProductOptions = {},
): Value {
  const { transA = false, transB = false, alpha = 1 } = options
  if (!tape.plain) {
    if (!transA && !transB && alpha === 1) return tape.emit('MatMul', [a, b], dims)
    const attributes = { transA: Number(transA), transB: Number(transB), alpha: float(alpha) }
    return tape.emit('FusedMatMul', [a, b], dims, attributes, 'com.microsoft')
  }
  const turned = (value: Value): Value => {
    const rank = value.dims.length
    const perm = value.dims.map((_, axis) => (axis < rank - 2 ? axis : 2 * rank - 3 - axis))
    return tape.emit(
      'Transpose',
      [value],
      perm.map(axis => value.dims[axis]!),
      { perm },
    )
  }
  const result = tape.emit('MatMul', [transA ? turned(a) : a, transB ? turned(b) : b], dims)
  return alpha === 1 ? result : tape.emit('Mul', [result, tape.scalar(alpha)], dims)
}

/** A low-rank update scale * b a of a frozen weight; a [rank, in], b [out, rank]. */
export interface LowRank {
  a: Value
  b: Value
  scale: number
}

/** How packed rows [N, d] form examples, for gradients that keep the examples apart. */
export interface ExampleRows {
  /** [B, T]: the packed row of each place; filling places may point anywhere. */
  index: Value
  /** [B, T, 1]: 1 for real places, 0 for filling. */
  real: Value
}

/**
 * y = x w^T with x [N, in] and w [out, in] that already contains the low-rank update (W0 + scale b a).
 * With u = scale x a^T and v = scale dy b:  dx = dy w, db = dy^T u, da = v^T x. The full gradient of w is never formed.
 * With `examples`, da and db keep a leading axis of examples: [B, rank, in] and [B, out, rank].
 */
export function linear(
  tape: Tape,
  x: Value,
  w: Value,
  update: LowRank | null,
  examples?: ExampleRows,
): Value {
  const [rows = 'N', width = 1] = x.dims
  const out = w.dims[0]!
  const output = product(tape, x, w, [rows, out], { transB: true })
  const backward = (gradient: Value): Value => product(tape, gradient, w, x.dims)
  if (!update) return tape.record(output, [x], gradient => [() => backward(gradient)])
  const { a, b, scale } = update
  const rank = a.dims[0]!
  const rowsOuter = (left: Value, right: Value): Value => {
    const shape = [left.dims[1]!, right.dims[1]!]
    if (!examples) return product(tape, left, right, shape, { transA: true })
    const [batch = 'B', time = 'T'] = examples.index.dims
    const apart = (value: Value): Value =>
      tape.emit('Gather', [value, examples.index], [batch, time, value.dims[1]!], { axis: 0 })
    const real = tape.emit('Mul', [apart(left), examples.real], [batch, time, left.dims[1]!])
    return product(tape, real, apart(right), [batch, ...shape], { transA: true })
  }
  return tape.record(output, [x, a, b], gradient => [
    () => backward(gradient),
    () =>
      rowsOuter(product(tape, gradient, b, [rows, rank], { alpha: scale }), { ...x, dims: [rows, width] }),
    () => {
      const u = product(tape, x, a, [rows, rank], { transB: true, alpha: scale })
      return examples ? rowsOuter(gradient, u) : outer(tape, gradient, u, b.dims)
    },
  ])
}

/** scale * left^T right as [.., out, rank] for left [.., N, out] and right [.., N, rank]: the narrow side first takes half the time. */
export function outer(tape: Tape, left: Value, right: Value, dims: readonly Dim[], scale = 1): Value {
  const front = dims.slice(0, -2)
  const turned = [...front, dims.at(-1)!, dims.at(-2)!]
  const narrow = product(tape, right, left, turned, { transA: true, alpha: scale })
  return tape.emit('Transpose', [narrow], dims, { perm: front.length === 1 ? [0, 2, 1] : [1, 0] })
}
