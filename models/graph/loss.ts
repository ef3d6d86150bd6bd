import { product } from './products.ts'
import type { Tape, Value } from './tape.ts'

/**
 * -log p(label) in nats of each row: hidden [M, d], head [V, d] (frozen), labels [M]. The loss of the whole row is one
 * operator because its gradient needs no one-hot [M, V]: dh = g (p head - head[label]).
 * log-sum-exp = largest logit - log(largest p), which neither over- nor underflows.
 */
export function tokenLoss(tape: Tape, hidden: Value, head: Value, labels: Value): Value {
  const rows = hidden.dims[0]!
  const vocabulary = head.dims[0]!
  const logits = product(tape, hidden, head, [rows, vocabulary], { transB: true })
  const p = tape.emit('Softmax', [logits], logits.dims, { axis: -1 })
  const largest = (value: Value): Value =>
    tape.emit('ReduceMax', [value, tape.integers([1])], [rows], { keepdims: 0 })
  const sum = tape.emit('Sub', [largest(logits), tape.emit('Log', [largest(p)], [rows])], [rows])
  const places = tape.emit('Unsqueeze', [labels, tape.integers([1])], [rows, 1])
  const chosen = tape.emit('GatherElements', [logits, places], [rows, 1], { axis: 1 })
  const output = tape.emit('Sub', [sum, tape.emit('Squeeze', [chosen, tape.integers([1])], [rows])], [rows])
  return tape.record(output, [hidden], gradient => [
    () => {
      const expected = product(tape, p, head, hidden.dims)
      const actual = tape.emit('Gather', [head, labels], hidden.dims, { axis: 0 })
      const column = tape.emit('Unsqueeze', [gradient, tape.integers([1])], [rows, 1])
      return tape.emit('Mul', [tape.emit('Sub', [expected, actual], hidden.dims), column], hidden.dims)
    },
  ])
}
