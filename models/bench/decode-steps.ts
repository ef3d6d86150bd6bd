import { allLinear } from '../engine.ts'
import { type Adapter, initialLora, loraLayout } from '../lora.ts'
import type { Model } from '../model.ts'
import { uniform } from '../sampling.ts'
import { Forward } from '../serving/forward.ts'
import { packWeights, type ServedWeights } from '../serving/packed-weights.ts'
import type { Step } from './timing.ts'

/** Tokens that a measured sequence remembers: from `past` on, starting over after so many steps. */
export const past = 100
export const window = 28

/** Adapters of rank 8 on all linear layers, with an update that moves the output. */
export function benchAdapters(model: Model, count: number): Adapter[] {
  const shape = { rank: 8, alpha: 16, targets: allLinear }
  const layout = loraLayout(model.config, shape)
  return Array.from({ length: count }, (_, i) => {
    const flat = initialLora(layout, i + 1)
    const random = uniform(i + 1)
    for (const { bOffset, out, rank } of layout.parts)
      for (let j = bOffset; j < bOffset + out * rank; j++) flat[j] = 0.1 * (random() - 0.5)
    return { shape, layout, flat, hash: `${i}` }
  })
}

/** A Forward over weights of this kind, as the engine opens it. */
export const forwardOf = (model: Model, kind: ServedWeights): Forward =>
  new Forward(model, packWeights(model.config, model.weights, kind))

/** A step of `rows` sequences, one token each; `adapters`, one for each row, come from the banks (null: the base alone). */
export function decodeStep(forward: Forward, rows: number, adapters?: readonly (Adapter | null)[]): Step {
  forward.keyValues.reserve(rows, past + window, [])
  if (adapters) forward.banks.hold(adapters)
  let step = 0
  return () => {
    const seen = past + (step++ % window)
    return forward.run({
      from: 0,
      tokens: Array.from({ length: rows }, (_, row) => [100 + 13 * row + (step % window)]),
      past: Array.from({ length: rows }, () => seen),
      banked: adapters !== undefined,
    })
  }
}

/** The token of the largest logit. */
export function likeliest(logits: Float32Array): number {
  let best = 0
  for (let token = 1; token < logits.length; token++) if (logits[token]! > logits[best]!) best = token
  return best
}
