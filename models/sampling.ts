import { fault } from '../infra/errors.ts'
import { rankedBefore, rankFirst, selectMass } from './selection.ts'

export interface SamplingOptions {
  /** 0 picks the most likely token every time; above 0 divides the logits. */
  temperature: number
  /** The smallest set of tokens whose probabilities reach this sum stays in play; 1 keeps all. */
  topP: number
  /** So many of the likeliest tokens stay in play; default 0, all. */
  topK?: number | undefined
  /** Tokens at least this fraction as likely as the likeliest stay in play; default 0, all (Nguyen et al. 2024). */
  minP?: number | undefined
  /** Above 1 makes tokens already seen less likely (CTRL, Keskar et al. 2019); default 1, no change. */
  repetitionPenalty?: number | undefined
  /** Taken from a token's logit for every time it was seen; default 0. */
  frequencyPenalty?: number | undefined
  /** Taken from a token's logit once it was seen; default 0. */
  presencePenalty?: number | undefined
  /** Added to the logits of these tokens. */
  logitBias?: ReadonlyMap<number, number> | undefined
  /** How many of the likeliest tokens are reported with their log-probabilities; default 0. */
  topLogProbs?: number | undefined
  /** Any integer; the same seed and logits give the same tokens. */
  seed: number
}

export interface TokenLogProb {
  token: number
  /** Natural log of the model's own probability of the token: mask, bias, penalties, temperature and cuts left out. */
  logProb: number
}

export interface Sampled extends TokenLogProb {
  /** The `topLogProbs` likeliest tokens of the model's own distribution, likeliest first. */
  top: readonly TokenLogProb[]
}

/** A bit for every token that may come: token t is bit t % 32 of word t >> 5. */
export type TokenMask = Int32Array | Uint32Array

export interface Sampler {
  /**
   * Picks the next token from logits [vocab]; `previous` are the tokens that the penalties look at (an array that only grows between
   * calls is counted once), `mask` the tokens that may come, null for all.
   */
  next(logits: Float32Array, previous: Iterable<number>, mask?: TokenMask | null): Sampled
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
 * A deterministic token sampler for one sequence. The order is vLLM's: mask, logit bias, repetition, frequency and presence
 * penalty, temperature, min-p, top-k, top-p, draw; each cut sees the probabilities that the one before left, summing to 1
 * again. It keeps arrays of the vocabulary's size between calls.
 * Throws `sampling-options` for options out of range, all at once, and from `next` `logits-not-finite` where the model gave no usable
 * distribution and `mask-empty` where no token may come.
 */
export const sampler = (options: SamplingOptions): Sampler => {
  check(options)
  const { temperature, topP, topK = 0, minP = 0, topLogProbs = 0, seed } = options
  const random = uniform(seed)
  const adjust = adjuster(options)
  let weights = new Float64Array(0)
  let order = new Int32Array(0)

  /** Inverse-CDF draw, likeliest token first, of equal ones the lowest. */
  const draw = (scores: Float32Array, likeliest: number): number => {
    const size = scores.length
    if (weights.length !== size) {
      weights = new Float64Array(size)
      order = new Int32Array(size)
    }
    const top = scores[likeliest]!
    let sum = 0
    for (let i = 0; i < size; i++) sum += weights[i] = Math.exp((scores[i]! - top) / temperature)
    // A token of the nucleus and all after it hold more than 1 - topP, and it is the largest of at most n; not so
    // where another cut comes before.
    const tail = minP > 0 || topK > 0 ? 0 : ((1 - topP) / size) * sum * (1 - 1e-9)
    const floor = Math.max(tail, minP, Number.MIN_VALUE)
    let kept = 0
    let mass = 0
    for (let i = 0; i < size; i++)
      if (weights[i]! >= floor) {
        mass += weights[i]!
        order[kept++] = i
      }
    if (topK > 0 && topK < kept) {
      rankFirst(order, weights, kept, topK)
      kept = topK
      mass = 0
      for (let i = 0; i < kept; i++) mass += weights[order[i]!]!
    }
    if (topP < 1) {
      const goal = topP * (minP > 0 || topK > 0 ? mass : sum)
      const nucleus = selectMass(order, weights, kept, goal, true)
      kept = nucleus.index + 1
      mass = nucleus.mass
    }
    return order[selectMass(order, weights, kept, random() * mass, false).index]!
  }

  return {
    next(logits, previous, mask = null) {
      const scores = adjust(logits, previous, mask)
      const own = describe(logits, topLogProbs)
      const likeliest = scores === logits ? own.likeliest : argmax(scores)
      if (scores[likeliest] === -Infinity && mask !== null)
        throw fault('mask-empty', 'No token may come next.', {
          fix: 'Check the constraint: it allows no further text and no end.',
          blame: 'ours',
        })
      const token = temperature === 0 ? likeliest : draw(scores, likeliest)
      const logProb = logits[token]! - own.norm
      if (!Number.isFinite(logProb))
        throw fault('logits-not-finite', 'The model gave logits that are not finite numbers.', {
          fix: 'Check the adapter: tune it again with a lower learning rate, or answer without it.',
          facts: { token },
          blame: 'ours',
        })
      return { token, logProb, top: own.top.map(t => ({ token: t, logProb: logits[t]! - own.norm })) }
    },
  }
}

const check = (options: SamplingOptions): void => {
  const { temperature, topP, topK = 0, minP = 0, repetitionPenalty = 1, topLogProbs = 0 } = options
  const { frequencyPenalty = 0, presencePenalty = 0, logitBias = new Map(), seed } = options
  const within = (x: number, low: number, high: number) => x >= low && x <= high
  const bias = [...logitBias].every(([t, b]) => Number.isInteger(t) && t >= 0 && within(b, -100, 100))
  const rules: [boolean, string][] = [
    [within(temperature, 0, 10), `the temperature ${temperature} is not between 0 and 10`],
    [topP > 0 && topP <= 1, `the nucleus size topP ${topP} is not in (0, 1]`],
    [Number.isSafeInteger(topK) && topK >= 0, `topK ${topK} is not a whole number from 0`],
    [within(minP, 0, 1), `minP ${minP} is not between 0 and 1`],
    [
      repetitionPenalty > 0 && repetitionPenalty <= 10,
      `the repetition penalty ${repetitionPenalty} is not in (0, 10]`,
    ],
    [within(frequencyPenalty, -2, 2), `the frequency penalty ${frequencyPenalty} is not between -2 and 2`],
    [within(presencePenalty, -2, 2), `the presence penalty ${presencePenalty} is not between -2 and 2`],
    [bias, 'a logit bias is not between -100 and 100, or its token is none'],
    [
      Number.isInteger(topLogProbs) && within(topLogProbs, 0, 20),
      `topLogProbs ${topLogProbs} is not a whole number from 0 to 20`,
    ],
    [Number.isSafeInteger(seed), 'the seed is not an integer'],
  ]
  const reasons = rules.filter(([holds]) => !holds).map(([, reason]) => reason)
  if (reasons.length > 0)
    throw fault('sampling-options', `The sampling options cannot be used: ${reasons.join('; ')}.`, {
      fix: 'Give values in these ranges, or leave the options out.',
      facts: { reasons: reasons.length },
    })
}

/** Scores from logits: the logits themselves where nothing changes them, else a copy in an array that is used again. */
const adjuster = (options: SamplingOptions) => {
  const { repetitionPenalty = 1, frequencyPenalty = 0, presencePenalty = 0, logitBias } = options
  const penalises = repetitionPenalty !== 1 || frequencyPenalty !== 0 || presencePenalty !== 0
  const count = counter()
  let scores = new Float32Array(0)
  return (logits: Float32Array, previous: Iterable<number>, mask: TokenMask | null): Float32Array => {
    const size = logits.length
    if (!penalises && mask === null && (logitBias?.size ?? 0) === 0) return logits
    if (scores.length !== size) scores = new Float32Array(size)
    if (mask === null) scores.set(logits)
    else for (let i = 0; i < size; i++) scores[i] = (mask[i >> 5]! >>> (i & 31)) & 1 ? logits[i]! : -Infinity
    for (const [token, bias] of logitBias ?? []) if (token < size) scores[token]! += bias
    if (penalises)
      for (const [token, times] of count(previous)) {
        const value = scores[token]
        if (value === undefined) continue
        const repeated = value > 0 ? value / repetitionPenalty : value * repetitionPenalty
        scores[token] = repeated - frequencyPenalty * times - presencePenalty
      }
    return scores
  }
}

/** Counts tokens; of an array that has grown since the last call only what is new. */
const counter = () => {
  let counts = new Map<number, number>()
  let source: Iterable<number> | null = null
  let counted = 0
  return (tokens: Iterable<number>): ReadonlyMap<number, number> => {
    const list = Array.isArray(tokens) ? (tokens as readonly number[]) : [...tokens]
    if (tokens !== source || list.length < counted) {
      counts = new Map()
      counted = 0
    }
    source = tokens
    for (; counted < list.length; counted++) {
      const token = list[counted]!
      counts.set(token, (counts.get(token) ?? 0) + 1)
    }
    return counts
  }
}

/** The likeliest token, log(sum(exp)) and the `count` likeliest tokens of logits, all in one pass. */
const describe = (logits: Float32Array, count: number) => {
  const top: number[] = []
  let likeliest = 0
  let best = -Infinity
  let sum = 0
  for (let i = 0; i < logits.length; i++) {
    const x = logits[i]!
    if (x === -Infinity) continue
    if (x > best) {
      sum = sum * Math.exp(best - x) + 1
      best = x
      likeliest = i
    } else {
      const below = x - best
      // What is left out is under 1e-8 of the sum for 100,000 tokens. A NaN is not left out.
      if (!(below < -30)) sum += Math.exp(below)
    }
    if (count === 0 || (top.length === count && !(x > logits[top[count - 1]!]!))) continue
    let place = Math.min(top.length, count - 1)
    for (; place > 0 && rankedBefore(logits, i, top[place - 1]!); place--) top[place] = top[place - 1]!
    top[place] = i
  }
  return { likeliest, norm: best + Math.log(sum), top }
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
