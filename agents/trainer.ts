import { isFault } from '../infra/errors.ts'
import type { Job } from '../infra/queue.ts'
import { abandon } from '../tools/abandon.ts'
import type { Network, Update } from '../tools/context.ts'
import { train } from '../tools/train.ts'
import { type Recipe, recipeFor } from '../tools/tune.ts'
import { actAs } from './act.ts'
import { policy } from './policy.ts'

/** The recipe for a datanet of so many rows. */
export const chooseRecipe = (rows: number): Recipe & { targets: string[] } => {
  const recipe = recipeFor(rows)
  return { ...recipe, targets: [...recipe.targets] }
}

/**
 * Trains one ordered run. What cannot succeed on a second try ends the run with its reason, and so does the last try of
 * what might have; a run that a stopping node leaves goes on from its checkpoint.
 */
export const work = async (
  network: Network,
  runId: string,
  job: Pick<Job<object>, 'signal' | 'attempt'>,
  onUpdate: (update: Update) => void,
): Promise<void> => {
  const act = actAs(network, 'trainer')
  const { signal, attempt } = job
  try {
    await act(train, { runId }, { key: runId, signal, onUpdate })
  } catch (error) {
    const hopeless = isFault(error) && !error.retry
    if (signal.aborted || (!hopeless && attempt < policy.trainer.retries)) throw error
    const reason = isFault(error)
      ? `${error.message} ${error.fix}`
      : `its worker failed ${attempt + 1} times; the log says how`
    await act(abandon, { runId, reason }, { key: runId })
  }
}
