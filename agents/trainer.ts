import { isFault } from '../infra/errors.ts'
import { abandon } from '../tools/abandon.ts'
import type { Network, Update } from '../tools/context.ts'
import { train } from '../tools/train.ts'
import { defaultRecipe, type Recipe } from '../tools/tune.ts'
import { actAs } from './act.ts'
import { policy } from './policy.ts'

/** The recipe for a datanet of so many rows: the default, or the one for small datanets. */
export const chooseRecipe = (rows: number): Recipe & { targets: string[] } => ({
  ...defaultRecipe,
  ...(rows < policy.trainer.smallDatanet ? policy.trainer.small : {}),
  targets: [...defaultRecipe.targets],
})

/** Trains one ordered run. What cannot succeed on a second try ends the run with its reason; the rest is tried again. */
export const work = async (
  network: Network,
  runId: string,
  signal: AbortSignal,
  onUpdate: (update: Update) => void,
): Promise<void> => {
  const act = actAs(network, 'trainer')
  try {
    await act(train, { runId }, { key: runId, signal, onUpdate })
  } catch (error) {
    if (!isFault(error) || error.retry || signal.aborted) throw error
    await act(abandon, { runId, reason: `${error.message} ${error.fix}` }, { key: runId })
  }
}
