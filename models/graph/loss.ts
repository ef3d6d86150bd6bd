import { type Int8Matrix, int8Product, quantised } from './int8.ts'
import { product } from './products.ts'
import type { Tape, Value } from './tape.ts'

/**
 * Columns of the vocabulary in one product: [1536, 2048] logits stay in the cache, where [1536, 8192] take twice as long
 * (int8: 4 x 3.8 ms against 38 ms).
 */
const columns = 2048

export interface TokenLossOptions {
  /** The head transposed, [d, V], quantised: the logits are int8 products, their gradient stays float32. */
  int8Head?: Int8Matrix
}

/**
 * -log p(label) in nats of each row: hidden [M, d], head [V, d] (frozen), labels [M]. The loss of the whole row is one
 * operator because its gradient needs no one-hot [M, V]: dh = g (p head - head[label]).
 * The vocabulary is taken in parts c: lse_c = largest logit - log(largest p_c), which neither over- nor underflows; p_c is the
 * softmax within the part, so that p = p_c exp(lse_c - lse), and this factor is applied to the narrow product p_c head_c.
 */
export function tokenLoss(
  tape: Tape,
  hidden: Value,
  head: Value,
  labels: Value,
  options: TokenLossOptions = {},
): Value {
  const rows = hidden.dims[0]!
  const width = head.dims[1]!
  const vocabulary = Number(head.dims[0])
  const sizes = Array.from({ length: Math.ceil(vocabulary / columns) }, (_, i) =>
    Math.min(columns, vocabulary - i * columns),
  )
  const split = (value: Value, axis: 0 | 1): Value[] =>
    sizes.length === 1
      ? [value]
      : tape.emitMany(
          'Split',
          [value, tape.integers(sizes)],
          sizes.map(size => value.dims.map((dim, i) => (i === axis ? size : dim))),
          { axis },
        )
  const heads = split(head, 0)
  const logitsOf = logitParts(tape, hidden, heads, sizes, options.int8Head, split)
  const column = [rows, 1]
  const last = tape.integers([1])
  const largest = (value: Value): Value => tape.emit('ReduceMax', [value, last], column)
  const parts = logitsOf.map(logits => {
    const p = tape.emit('Softmax', [logits], logits.dims, { axis: -1 })
    const sum = tape.emit('Sub', [largest(logits), tape.emit('Log', [largest(p)], column)], column)
    return { p, sum }
  })
  const sums = parts.map(part => part.sum)
  const whole =
    sums.length === 1
      ? sums[0]!
      : tape.emit(
          'ReduceLogSumExp',
          [tape.emit('Concat', sums, [rows, sums.length], { axis: 1 }), last],
          column,
        )
  const actual = tape.emit('Gather', [head, labels], hidden.dims, { axis: 0 })
  const chosen = tape.emit('ReduceSum', [tape.emit('Mul', [hidden, actual], hidden.dims), last], column)
  const output = tape.emit('Squeeze', [tape.emit('Sub', [whole, chosen], column), last], [rows])
  return tape.record(output, [hidden], gradient => [
    () => {
      const expected = parts.map(({ p, sum }, i) => {
        const own = product(tape, p, heads[i]!, [rows, width])
        if (parts.length === 1) return own
        const share = tape.emit('Exp', [tape.emit('Sub', [sum, whole], column)], column)
        return tape.emit('Mul', [own, share], hidden.dims)
      })
      const total = expected.length === 1 ? expected[0]! : tape.emit('Sum', expected, hidden.dims)
      const difference = tape.emit('Sub', [total, actual], hidden.dims)
      return tape.emit('Mul', [difference, tape.emit('Unsqueeze', [gradient, last], column)], hidden.dims)
    },
  ])
}

/** The logits of each part of the vocabulary, [M, part]. */
function logitParts(
  tape: Tape,
  hidden: Value,
  heads: readonly Value[],
  sizes: readonly number[],
  int8Head: Int8Matrix | undefined,
  split: (value: Value, axis: 0 | 1) => Value[],
): Value[] {
  const rows = hidden.dims[0]!
  if (!int8Head)
    return heads.map((part, i) => product(tape, hidden, part, [rows, sizes[i]!], { transB: true }))
  const own = quantised(tape, hidden)
  const scaleSizes = tape.integers(sizes)
  const scales =
    sizes.length === 1
      ? [int8Head.scales]
      : tape.emitMany(
          'Split',
          [int8Head.scales, scaleSizes],
          sizes.map(size => [size]),
          { axis: 0 },
        )
  return split(int8Head.values, 1).map((values, i) =>
    int8Product(tape, own, { values, scales: scales[i]! }, [rows, sizes[i]!]),
  )
}
