import type { TrainState } from './checkpoint.ts'
import type { EvaluationPoint } from './recipe.ts'

/** The first evaluation of the lowest loss; null where there is none. */
export const bestOf = (evaluations: readonly EvaluationPoint[]): EvaluationPoint | null =>
  evaluations.reduce<EvaluationPoint | null>(
    (best, one) => (best && best.loss <= one.loss ? best : one),
    null,
  )

/** After every N steps and after the last, once: also where a resumed training stands at such a step. */
export function evaluationIsDue(
  { step, evaluations }: Pick<TrainState, 'step' | 'evaluations'>,
  every: number,
  steps: number,
): boolean {
  const reached = step > 0 && (step % every === 0 || step === steps)
  return reached && (evaluations.at(-1)?.step ?? 0) < step
}

/** Files the held-out loss of the state's adapter, and the adapter where the loss is a new lowest. */
export function recordEvaluation(state: TrainState, loss: number): EvaluationPoint {
  const point = { step: state.step, loss }
  const best = bestOf(state.evaluations)
  // A copy: the next step writes into the adapter's memory.
  if (!best || loss < best.loss) state.best = state.adapter.slice()
  state.evaluations.push(point)
  return point
}

/** Whether the last `patience` evaluations brought no lower loss (Prechelt 1998: stop after a run of bad strips). */
export function patienceIsOver({ evaluations }: Pick<TrainState, 'evaluations'>, patience: number): boolean {
  const best = bestOf(evaluations)
  return best !== null && evaluations.length - 1 - evaluations.indexOf(best) >= patience
}
