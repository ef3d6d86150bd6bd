import { fault } from '../infra/errors.ts'

export interface SamplingOptions {
  /** 0 picks the most likely token every time; above 0 divides the logits. */
  temperature: number
  /** The smallest set of tokens whose probabilities reach this sum stays in play; 1 keeps all. */
  topP: number
  /** Above 1 makes tokens already seen less likely (CTRL, Keskar et al. 2019); default 1, no change. */
  repetitionPenalty?: number
  /** Any integer; the same seed and logits give the same tokens. */
  seed: number
}

export interface Sampled {
  token: number
  /** Natural log of the model's own probability of the token: temperature, nucleus and penalty left out. */
  logProb: number
}

export interface Sampler {
  /** Picks the next token from logits [vocab]; `previous` are the tokens that the repetition penalty looks at. */
  next(logits: Float32Array, previous: Iterable<number>): Sampled
}

/** Uniform numbers in [0, 1) from an integer seed: mulberry32 (T. Ettinger), 2^32 states, enough for one answer. */
export const uniform = (seed: number): (() => number) => {
  // A multiplicative hash first, so that neighbouring seeds do not start neighbouring streams.
  let state = Math.imul((seed ^ Math.floor(seed / 2 ** 32)) | 0, 0x9e3779b1) | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/**
 * A deterministic token sampler.
 * Throws `sampling-options` for options out of range and `logits-not-finite` where the model gave no usable distribution.
 */
export const sampler = (options: SamplingOptions): Sampler => {
  const { temperature, topP, repetitionPenalty = 1, seed } = options
  if (!(temperature >= 0 && temperature <= 10))
    throw fault('sampling-options', `The temperature ${temperature} is not between 0 and 10.`, {
      fix: 'Give a temperature from 0 (always the likeliest token) to 10.',
      facts: { temperature },
    })
  if (!(topP > 0 && topP <= 1))
    throw fault('sampling-options', `The nucleus size topP ${topP} is not in (0, 1].`, {
      fix: 'Give a topP above 0 and up to 1.',
      facts: { topP },
    })
  if (!(repetitionPenalty > 0 && repetitionPenalty <= 10))
    throw fault('sampling-options', `The repetition penalty ${repetitionPenalty} is not in (0, 10].`, {
      fix: 'Give a repetition penalty above 0 and up to 10; 1 changes nothing.',
      facts: { repetitionPenalty },
    })
  if (!Number.isSafeInteger(seed))
    throw fault('sampling-options', 'The seed is not an integer.', { fix: 'Give an integer seed.' })
  const random = uniform(seed)

  return {
    next(logits, previous) {
      const scores = repetitionPenalty === 1 ? logits : penalised(logits, previous, repetitionPenalty)
      const token = temperature === 0 ? argmax(scores) : draw(softmax(scores, temperature), topP, random())
      const logProb = logits[token]! - logSumExp(logits)
      if (!Number.isFinite(logProb))
        throw fault('logits-not-finite', 'The model gave logits that are not finite numbers.', {
          fix: 'Check the adapter: tune it again with a lower learning rate, or answer without it.',
          facts: { token },
          blame: 'ours',
        })
      return { token, logProb }
    },
  }
}

/** log(sum(exp(x))) without overflow; the normaliser of log-probabilities. */
export const logSumExp = (x: Float32Array): number => {
  const top = x[argmax(x)] ?? Number.NaN
  let sum = 0
  for (let i = 0; i < x.length; i++) sum += Math.exp(x[i]! - top)
  return top + Math.log(sum)
}

/** Index of the largest value; of equal ones the lowest index. */
export const argmax = (x: Float32Array): number => {
  let best = 0
  for (let i = 1; i < x.length; i++) if (x[i]! > x[best]!) best = i
  return best
}

const penalised = (logits: Float32Array, previous: Iterable<number>, penalty: number): Float32Array => {
  const out = logits.slice()
  for (const token of new Set(previous)) {
    const value = out[token]
    if (value !== undefined) out[token] = value > 0 ? value / penalty : value * penalty
  }
  return out
}

const softmax = (logits: Float32Array, temperature: number): Float64Array => {
  const top = logits[argmax(logits)]!
  const out = new Float64Array(logits.length)
  let sum = 0
  for (let i = 0; i < out.length; i++) sum += out[i] = Math.exp((logits[i]! - top) / temperature)
  for (let i = 0; i < out.length; i++) out[i] = out[i]! / sum
  return out
}

/** Inverse-CDF draw from the nucleus, likeliest token first. */
const draw = (p: Float64Array, topP: number, u: number): number => {
  // A token of the nucleus and all after it hold more than 1 - topP, and it is the largest of at most n.
  const floor = ((1 - topP) / p.length) * (1 - 1e-9)
  const order: number[] = []
  for (let i = 0; i < p.length; i++) if (p[i]! >= floor && p[i]! > 0) order.push(i)
  order.sort((a, b) => p[b]! - p[a]! || a - b)
  let mass = 0
  let size = 0
  while (size < order.length && mass < topP) mass += p[order[size++]!]!
  let left = u * mass
  for (let i = 0; i < size; i++) {
    left -= p[order[i]!]!
    if (left < 0) return order[i]!
  }
  return order[Math.max(0, size - 1)] ?? 0
}
