import type { ModelConfig } from './architectures/config.ts'
import { type DecoderInput, decode, headName, weight } from './architectures/decoder.ts'
import { answerRows, exampleRows, packedAttention } from './architectures/packed.ts'
import { type TokenLossOptions, tokenLoss } from './graph/loss.ts'
import { type ExampleRows, type LowRank, linear } from './graph/products.ts'
import { Tape, type TapeOptions, type Value } from './graph/tape.ts'
import type { LoraLayout } from './lora.ts'
import { float } from './onnx.ts'

const tokensInput = (tape: Tape): Value => tape.input('tokens', ['N'], 'int32')

/** The matrices of a flat adapter vector [size]: a [rank, in] and b [out, rank] of each part. */
export function unpack(tape: Tape, layout: LoraLayout): Map<string, LowRank> {
  const flat = tape.input('adapter', [layout.size])
  const sizes = layout.parts.flatMap(({ rank, width, out }) => [rank * width, out * rank])
  const pieces = tape.emitMany(
    'Split',
    [flat, tape.integers(sizes)],
    sizes.map(size => [size]),
    { axis: 0 },
  )
  const shaped = (index: number, rows: number, columns: number): Value =>
    tape.emit('Reshape', [pieces[index]!, tape.integers([rows, columns])], [rows, columns])
  return new Map(
    layout.parts.map(({ path, rank, scale, width, out }, i) => [
      path,
      { a: shaped(2 * i, rank, width), b: shaped(2 * i + 1, out, rank), scale },
    ]),
  )
}

/** merged = W0 + scale b a of every adapted layer; outputs are named as the weights that they replace. */
export function mergeGraph(config: ModelConfig, layout: LoraLayout): Uint8Array {
  const tape = new Tape()
  for (const [path, { a, b, scale }] of unpack(tape, layout)) {
    const frozen = weight(tape, config, `${path}.weight`)
    const merged = tape.emit('Gemm', [b, a, frozen], frozen.dims, { alpha: float(scale) })
    tape.output(`merged ${path}.weight`, merged)
  }
  return tape.encode('merge')
}

/** Linear layers whose fed weights already contain the adapter; `lowRank` says what to differentiate by. */
const mergedLinear =
  (
    tape: Tape,
    config: ModelConfig,
    lowRank?: ReadonlyMap<string, LowRank>,
    examples?: ExampleRows,
  ): DecoderInput['linear'] =>
  (x, path) =>
    linear(tape, x, weight(tape, config, `${path}.weight`), lowRank?.get(path) ?? null, examples)

function packedHidden(tape: Tape, config: ModelConfig, layers: DecoderInput['linear']): Value {
  return decode(tape, config, {
    tokens: tokensInput(tape),
    linear: layers,
    attend: packedAttention(tape, config),
  })
}

/** -log p of each answer token [M] of packed examples, with these linear layers. */
export function answerLoss(
  tape: Tape,
  config: ModelConfig,
  layers: DecoderInput['linear'],
  options?: TokenLossOptions,
): Value {
  const hidden = packedHidden(tape, config, layers)
  const head = weight(tape, config, headName(config))
  return tokenLoss(tape, answerRows(tape, hidden), head, tape.input('labels', ['M'], 'int32'), options)
}

/** `nats` [M]: -log p of each answer token. */
export function lossGraph(config: ModelConfig, options?: TapeOptions): Uint8Array {
  const tape = new Tape(options)
  tape.output('nats', answerLoss(tape, config, mergedLinear(tape, config)))
  return tape.encode('loss')
}

function lossGradients(tape: Tape, config: ModelConfig, layout: LoraLayout, examples?: ExampleRows): Value[] {
  const lowRank = unpack(tape, layout)
  const matrices = [...lowRank.values()].flatMap(({ a, b }) => [tape.watch(a), tape.watch(b)])
  const nats = answerLoss(tape, config, mergedLinear(tape, config, lowRank, examples))
  tape.output('nats', nats)
  return tape.gradients(nats, tape.input('weights', ['M']), matrices)
}

/**
 * `nats` [M] and `gradient` [size] = `sum` + d(sum of weights * nats)/d(adapter): one part of a step; steps of many tokens
 * run it several times. The layers' weights are fed merged with the adapter.
 */
export function stepGraph(config: ModelConfig, layout: LoraLayout, options?: TapeOptions): Uint8Array {
  const tape = new Tape(options)
  const gradients = lossGradients(tape, config, layout).map(gradient =>
    tape.emit('Reshape', [gradient, tape.integers([-1])], ['part']),
  )
  const flat = tape.emit('Concat', gradients, [layout.size], { axis: 0 })
  tape.output('gradient', tape.emit('Add', [flat, tape.input('sum', [layout.size])], [layout.size]))
  return tape.encode('step')
}

/** `nats` [M] and `rows` [B, size]: the gradient of each example's own weights * nats. */
export function rowsGraph(config: ModelConfig, layout: LoraLayout, options?: TapeOptions): Uint8Array {
  const tape = new Tape(options)
  const gradients = lossGradients(tape, config, layout, exampleRows(tape)).map((gradient, i) => {
    const { rank, out, width } = layout.parts[Math.floor(i / 2)]!
    const size = i % 2 === 0 ? rank * width : out * rank
    return tape.emit('Reshape', [gradient, tape.integers([-1, size])], ['B', size])
  })
  tape.output('rows', tape.emit('Concat', gradients, ['B', layout.size], { axis: 1 }))
  return tape.encode('rows')
}

/** `hidden` [N, dim]: the last hidden states of packed sequences. */
export function hiddenGraph(config: ModelConfig, options?: TapeOptions): Uint8Array {
  const tape = new Tape(options)
  tape.output('hidden', packedHidden(tape, config, mergedLinear(tape, config)))
  return tape.encode('hidden')
}

/**
 * One step of AdamW (Loshchilov & Hutter 2019) on a flat vector of `size`. Scalars fed at each run: `rate`, `decay`
 * (rate * weight decay), `share` (1 / answer tokens of the step), `correction1`, `correction2` (1 / (1 - beta^t)).
 * epsilon outside the root is PyTorch's; inside it, sqrt(v + epsilon), the update is smooth in the data.
 */
export function adamwGraph(
  size: number,
  settings: { epsilon: number; epsilonPlace: 'inside' | 'outside' },
): Uint8Array {
  const tape = new Tape()
  const vector = (name: string): Value => tape.input(name, [size])
  const scalar = (name: string): Value => tape.input(name, [])
  const onScalars = (op: 'Mul' | 'Div' | 'Sub', a: Value, b: Value): Value => tape.emit(op, [a, b], [])
  const binary = (op: 'Add' | 'Sub' | 'Mul' | 'Div', a: Value, b: Value): Value =>
    tape.emit(op, [a, b], [size])
  const constant = (value: number): Value => tape.scalar(value)
  const gradient = vector('gradient')
  const times = (value: Value, factor: Value): Value => binary('Mul', value, factor)
  const shared = (factor: number): Value =>
    times(gradient, onScalars('Mul', scalar('share'), constant(factor)))
  const first = binary('Add', times(vector('first'), constant(beta1)), shared(1 - beta1))
  const part = shared(Math.sqrt(1 - beta2))
  const second = binary('Add', times(vector('second'), constant(beta2)), times(part, part))
  // sqrt(c v + e) = sqrt(c) sqrt(v + e / c), so that the corrections are scalars of the rate instead of passes over the vectors.
  const correction = scalar('correction2')
  const root = (value: Value): Value => tape.emit('Sqrt', [value], value.dims)
  const epsilon = constant(settings.epsilon)
  const denominator =
    settings.epsilonPlace === 'inside'
      ? root(binary('Add', second, onScalars('Div', epsilon, correction)))
      : binary('Add', root(second), onScalars('Div', epsilon, root(correction)))
  const rate = onScalars('Div', onScalars('Mul', scalar('rate'), scalar('correction1')), root(correction))
  const kept = times(vector('adapter'), onScalars('Sub', constant(1), scalar('decay')))
  tape.output('adapter.next', binary('Sub', kept, times(binary('Div', first, denominator), rate)))
  tape.output('first.next', first)
  tape.output('second.next', second)
  return tape.encode('adamw')
}

export const beta1 = 0.9
export const beta2 = 0.999
