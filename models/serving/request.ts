import type { ConstraintSpec } from '../constraint/constraint.ts'
import type { SamplingOptions, TokenLogProb } from '../sampling.ts'

export interface Message {
  role: 'system' | 'user' | 'assistant'
  content: string
}

export interface GenerateRequest extends SamplingOptions {
  messages: readonly Message[]
  /** Folder of a PEFT adapter, or null for the base alone. */
  adapter: string | null
  maxTokens: number
  /** Generation ends before the first of these strings: at most 16 of at most 256 UTF-16 units. */
  stop?: readonly string[] | undefined
  /** What the text must be; it may still be cut by maxTokens. */
  constraint?: ConstraintSpec | undefined
  signal?: AbortSignal | undefined
}

export interface Generation {
  text: string
  tokens: number[]
  /** Natural log of each token's probability under the model (temperature 1). */
  logProbs: number[]
  /** The likeliest tokens at each place, as many as `topLogProbs` asked for. */
  top: (readonly TokenLogProb[])[]
  promptTokens: number
  finish: 'stop' | 'length' | 'cancelled'
}
