import { type Dim, float } from '../onnx.ts'
import { type LowRank, outer, product } from './products.ts'
import type { Tape, Value } from './tape.ts'

/** A frozen matrix w [out, in] by its two products; neither is recorded. */
export interface Frozen {
  /** x [N, in] to x w^T [N, out]. */
  forward(x: Value): Value
  /** dy [N, out] to dy w [N, in]. */
  backward(dy: Value): Value
}

export interface Branch {
  frozen: Frozen
  update: LowRank | null
}

/**
 * Linear layers of one input x [N, in], their low-rank updates beside the frozen products instead of merged into them:
 *   u = x a^T;  y = frozen(x) + s u b^T;  v = s dy b;  dx = frozen'(dy) + v a;  da = v^T x;  db = s dy^T u.
 * The a of all layers are one product each way (u, v a and v^T x are [N, sum of ranks] wide). Where a is [M, r, in] and b
 * [M, out, r], the rows are those of M members one after another, N / M each, and every member has its own update.
 */
export function besideLinears(tape: Tape, x: Value, branches: readonly Branch[]): Value[] {
  const rows = x.dims[0]!
  const updates = branches.flatMap(({ update }, i) => (update ? [{ ...update, branch: i }] : []))
  const frozen = branches.map(branch => branch.frozen.forward(x))
  const first = updates[0]
  if (!first) {
    tape.recordMany(frozen, [x], gradients => [() => frozenGradient(tape, branches, gradients, x)])
    return frozen
  }
  const rankOf = ({ a }: LowRank): number => Number(a.dims.at(-2))
  const ranks = updates.map(rankOf)
  const total = ranks.reduce((sum, rank) => sum + rank, 0)
  const members = first.a.dims.length === 3 ? first.a : null
  const lead = members ? [members.dims[0]!, 'R'] : [rows]
  const apart = members ? memberRows(tape, members) : (value: Value) => value
  const joined = (value: Value): Value =>
    members
      ? tape.emit(
          'Reshape',
          [value, tape.integers([-1, Number(value.dims.at(-1))])],
          [rows, value.dims.at(-1)!],
        )
      : value
  const concat = (values: readonly Value[], axis: number, dims: readonly Dim[]): Value =>
    values.length === 1 ? values[0]! : tape.emit('Concat', values, dims, { axis })
  const split = (value: Value, axis: number, shapes: readonly (readonly Dim[])[]): Value[] =>
    shapes.length === 1 ? [value] : tape.emitMany('Split', [value, tape.integers(ranks)], shapes, { axis })
  const front = members ? [members.dims[0]!] : []
  const width = x.dims[1]!
  const ownRows = apart(x)
  const a = concat(
    updates.map(update => update.a),
    -2,
    [...front, total, width],
  )
  const u = product(tape, ownRows, a, [...lead, total], { transB: true })
  const us = split(
    u,
    -1,
    ranks.map(rank => [...lead, rank]),
  )
  /** base + scale * left right^(T): one operator where there is one member. */
  const plus = (base: Value, left: Value, right: Value, scale: number, transB: boolean): Value => {
    if (!members) {
      return tape.emit('Gemm', [left, right, base], base.dims, {
        transB: Number(transB),
        alpha: float(scale),
      })
    }
    const update = product(tape, left, right, [...lead, base.dims[1]!], { transB, alpha: scale })
    return tape.emit('Add', [base, joined(update)], base.dims)
  }
  const outputs = [...frozen]
  for (const [i, { b, scale, branch }] of updates.entries())
    outputs[branch] = plus(frozen[branch]!, us[i]!, b, scale, true)

  tape.recordMany(outputs, [x, ...updates.flatMap(update => [update.a, update.b])], gradients => {
    const own = updates.map(({ branch }) => apart(gradients[branch]!))
    let known: Value | undefined
    const v = (): Value => {
      known ??= concat(
        updates.map(({ b, scale }, i) => product(tape, own[i]!, b, [...lead, ranks[i]!], { alpha: scale })),
        -1,
        [...lead, total],
      )
      return known
    }
    let parts: Value[] | undefined
    const das = (): Value[] => {
      parts ??= split(
        product(tape, v(), ownRows, [...front, total, width], { transA: true }),
        -2,
        ranks.map(rank => [...front, rank, width]),
      )
      return parts
    }
    return [
      () => plus(frozenGradient(tape, branches, gradients, x), v(), a, 1, false),
      ...updates.flatMap(({ b, scale }, i) => [
        () => das()[i]!,
        () => outer(tape, own[i]!, us[i]!, b.dims, scale),
      ]),
    ]
  })
  return outputs
}

function frozenGradient(
  tape: Tape,
  branches: readonly Branch[],
  gradients: readonly Value[],
  x: Value,
): Value {
  const parts = branches.map(({ frozen }, i) => frozen.backward(gradients[i]!))
  return parts.length === 1 ? parts[0]! : tape.emit('Sum', parts, x.dims)
}

/** Rows [M * R, d] as [M, R, d], M being the leading size of `like`. */
function memberRows(tape: Tape, like: Value): (value: Value) => Value {
  const count = tape.emit(
    'Slice',
    [tape.emit('Shape', [like], [3]), tape.integers([0]), tape.integers([1])],
    [1],
  )
  const shaped = new Map<number, Value>()
  return value => {
    const width = Number(value.dims[1])
    const shape =
      shaped.get(width) ?? tape.emit('Concat', [count, tape.integers([-1, width])], [3], { axis: 0 })
    shaped.set(width, shape)
    return tape.emit('Reshape', [value, shape], [like.dims[0]!, 'R', width])
  }
}
