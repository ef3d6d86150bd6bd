import { product } from './products.ts'
import type { Tape, Value } from './tape.ts'

/**
 * Grouped-query attention: q [B, H, T, d], k and v [B, K, S, d] with H a multiple of K, mask [H / K * T, S] added to the
 * scores (0 or a large negative number; the rows of a group's heads follow one another). Result [B, K, H / K * T, d].
 * With P the probabilities and O the result:  dV = P^T dO;  dS = P (dO V^T - rowsum(dO O));  dQ = c dS K;  dK = c dS^T Q.
 */
export function attention(tape: Tape, q: Value, k: Value, v: Value, mask: Value): Value {
  const [batch = 'B', kvHeads = 1, past = 'S', width = 1] = k.dims
  const alpha = 1 / Math.sqrt(Number(width))
  const rows = 'group*T'
  const grouped = [batch, kvHeads, rows, width]
  const square = [batch, kvHeads, rows, past]
  const queries = tape.emit('Reshape', [q, tape.integers([0, Number(kvHeads), -1, Number(width)])], grouped)
  const scores = product(tape, queries, k, square, { transB: true, alpha })
  const masked = tape.emit('Add', [scores, mask], square)
  const p = tape.emit('Softmax', [masked], square, { axis: -1 })
  const output = product(tape, p, v, grouped)
  return tape.record(output, [q, k, v], gradient => {
    let known: Value | undefined
    const scoreGradient = (): Value => {
      if (known) return known
      const dp = product(tape, gradient, v, square, { transB: true })
      const weighted = tape.emit('Mul', [gradient, output], grouped)
      const along = tape.emit('ReduceSum', [weighted, tape.integers([-1])], [batch, kvHeads, rows, 1])
      known = tape.emit('Mul', [p, tape.emit('Sub', [dp, along], square)], square)
      return known
    }
    return [
      () => {
        const dq = product(tape, scoreGradient(), k, grouped, { alpha })
        return tape.emit('Reshape', [dq, tape.emit('Shape', [q], [4])], q.dims)
      },
      () => product(tape, scoreGradient(), queries, k.dims, { transA: true, alpha }),
      () => product(tape, p, gradient, v.dims, { transA: true }),
    ]
  })
}
