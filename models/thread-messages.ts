import { isFault, TributaryError } from '../infra/errors.ts'
import type {
  Engine,
  EngineStatus,
  Example,
  GenerateRequest,
  GradientOptions,
  Member,
  Preference,
  PreferenceOptions,
  RangeOptions,
  Recipe,
  TogetherOptions,
  TrainOptions,
} from './engine.ts'
import type { Rows } from './linear.ts'

/** Calls that the engine's thread answers; signals and callbacks travel as messages of their own. */
export interface Calls {
  train: [examples: readonly Example[], recipe: Recipe, options: Omit<TrainOptions, 'signal' | 'onProgress'>]
  trainPreferences: [
    pairs: readonly Preference[],
    recipe: Recipe,
    options: Omit<PreferenceOptions, 'signal' | 'onProgress'>,
  ]
  trainTogether: [
    members: readonly Member[],
    recipe: Recipe,
    options: Omit<TogetherOptions, 'signal' | 'onProgress'>,
  ]
  rangeCheck: [examples: readonly Example[], recipe: Recipe, options: Omit<RangeOptions, 'signal'>]
  losses: [examples: readonly Example[], adapter: string | null]
  answerLogProbs: [example: Example, adapter: string | null]
  /** Rows come as events, one block for each `more`. */
  gradients: [examples: readonly Example[], adapter: string, options: Omit<GradientOptions, 'signal'>]
  matmulTransposed: [a: Rows, b: Rows, k: number]
  generate: [request: Omit<GenerateRequest, 'signal'>]
  embed: [texts: readonly string[]]
  close: []
}
export type CallName = keyof Calls

/** What each call comes back with. */
export type Results = {
  [Name in CallName]: Name extends 'gradients'
    ? null
    : Name extends keyof Engine
      ? Awaited<ReturnType<Engine[Name]>>
      : never
}

export type ToThread =
  | { kind: 'call'; id: number; name: CallName; args: Calls[CallName] }
  | { kind: 'cancel'; id: number }
  | { kind: 'more'; id: number }

export type FromThread =
  | { kind: 'ready'; base: { name: string; hash: string }; status: EngineStatus }
  | { kind: 'refused'; error: PlainError }
  | { kind: 'event'; id: number; value: unknown }
  | { kind: 'done'; id: number; value: unknown; status: EngineStatus }
  | { kind: 'failed'; id: number; error: PlainError }

/** An error as data; a TributaryError keeps all its fields across the thread border. */
export interface PlainError {
  code: string | null
  message: string
  fix: string
  facts: TributaryError['facts']
  retry: boolean
  blame: TributaryError['blame']
  cause: string
}

export function toPlain(error: unknown): PlainError {
  const cause = error instanceof Error ? String(error.cause ?? error.stack ?? '') : String(error)
  if (isFault(error)) {
    const { code, message, fix, facts, retry, blame } = error
    return { code, message, fix, facts, retry, blame, cause }
  }
  const message = error instanceof Error ? error.message : String(error)
  return {
    code: null,
    message,
    fix: 'Report it with the cause.',
    facts: {},
    retry: false,
    blame: 'ours',
    cause,
  }
}

export const fromPlain = ({ code, message, cause, ...details }: PlainError): TributaryError =>
  new TributaryError(code ?? 'engine-failed', message, { ...details, cause })
