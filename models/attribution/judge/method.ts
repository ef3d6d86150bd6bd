import type { Example } from '../../engine.ts'

/** A way to score training rows, as the judge compares them. */
export interface Method {
  readonly name: string
  /** Where it was first described. */
  readonly source: string
  /** Influence of every row on every question, [questions][rows]; positive: removing the row raises the loss of the answer. */
  scores(questions: readonly Example[]): Promise<Float64Array[]>
  close?(): Promise<void>
}
