import { besideLinear, int8Head, type Products } from './architectures/beside.ts'
import type { ModelConfig } from './architectures/config.ts'
import type { LowRank } from './graph/products.ts'
import { Tape, type TapeOptions, type Value } from './graph/tape.ts'
import { answerLoss, unpack } from './graphs.ts'
import type { LoraLayout } from './lora.ts'

/** The matrices of M flat adapter vectors [M, size]: a [M, rank, in] and b [M, out, rank] of each part. */
function unpackMembers(tape: Tape, layout: LoraLayout): Map<string, LowRank> {
  const flat = tape.input('adapter', ['members', layout.size])
  const sizes = layout.parts.flatMap(({ rank, width, out }) => [rank * width, out * rank])
  const pieces = tape.emitMany(
    'Split',
    [flat, tape.integers(sizes)],
    sizes.map(size => ['members', size]),
    { axis: 1 },
  )
  const shaped = (index: number, rows: number, columns: number): Value =>
    tape.emit('Reshape', [pieces[index]!, tape.integers([0, rows, columns])], ['members', rows, columns])
  return new Map(
    layout.parts.map(({ path, rank, scale, width, out }, i) => [
      path,
      { a: shaped(2 * i, rank, width), b: shaped(2 * i + 1, out, rank), scale },
    ]),
  )
}

export interface BesideOptions extends TapeOptions {
  products: Products
  /** Several adapters side by side: `adapter`, `sum` and `gradient` are [members, size], the rows those of the members in order. */
  members?: boolean
}

/**
 * The step graph of graphs.ts with the adapter beside the frozen matrices, whose products may be int8: `nats` [M] and `gradient`
 * [size] (or [members, size]) = `sum` + d(sum of weights * nats)/d(adapter). Weights are fed as the base has them.
 */
export function besideStepGraph(config: ModelConfig, layout: LoraLayout, options: BesideOptions): Uint8Array {
  const { products, members = false } = options
  const tape = new Tape(options)
  const lowRank = members ? unpackMembers(tape, layout) : unpack(tape, layout)
  const matrices = [...lowRank.values()].flatMap(({ a, b }) => [tape.watch(a), tape.watch(b)])
  const nats = answerLoss(
    tape,
    config,
    besideLinear(tape, config, lowRank, products),
    products === 'int8' ? { int8Head: int8Head(tape, config) } : {},
  )
  tape.output('nats', nats)
  const dims = members ? ['members', layout.size] : [layout.size]
  const gradients = tape
    .gradients(nats, tape.input('weights', ['M']), matrices)
    .map(gradient => tape.emit('Reshape', [gradient, tape.integers(members ? [0, -1] : [-1])], ['part']))
  const flat = tape.emit('Concat', gradients, dims, { axis: members ? 1 : 0 })
  tape.output('gradient', tape.emit('Add', [flat, tape.input('sum', dims)], dims))
  return tape.encode('step beside')
}
