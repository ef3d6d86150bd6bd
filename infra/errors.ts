/** Whose fault an error is: it decides who sees what (a person sees `message` and `fix` only when the fault is theirs). */
export type Blame = 'person' | 'operator' | 'world' | 'ours'

export type Facts = Readonly<Record<string, string | number | boolean | null>>

export interface ErrorDetails {
  /** One imperative sentence: what to do about it. */
  fix: string
  facts?: Facts
  /** True where the same call may succeed later without any change. */
  retry?: boolean
  blame?: Blame
  cause?: unknown
}

/** The one error type of the project. `code` is stable and may be matched on; `message` is one sentence naming the thing. */
export class TributaryError extends Error {
  override readonly name = 'TributaryError'
  readonly code: string
  readonly fix: string
  readonly facts: Facts
  readonly retry: boolean
  readonly blame: Blame

  constructor(code: string, message: string, details: ErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.fix = details.fix
    this.facts = details.facts ?? {}
    this.retry = details.retry ?? false
    this.blame = details.blame ?? 'person'
  }
}

/** Makes a TributaryError; `throw fault('row-too-long', 'The answer has 9,000 characters.', { fix: 'Shorten it to 4,000.' })`. */
export const fault = (code: string, message: string, details: ErrorDetails): TributaryError =>
  new TributaryError(code, message, details)

export const isFault = (error: unknown, code?: string): error is TributaryError =>
  error instanceof TributaryError && (code === undefined || error.code === code)
