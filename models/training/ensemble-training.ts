import { createHash } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { fault } from '../../infra/errors.ts'
import { initialLora, loraLayout, writeAdapter } from '../lora.ts'
import type { Model } from '../model.ts'
import type { TokenExample } from '../packing.ts'
import { fingerprintOf, loadResult, saveResult } from './checkpoint.ts'
import { openEnsemble } from './ensemble.ts'
import { dropEnsemble, type EnsembleState, loadEnsemble, saveEnsemble } from './ensemble-checkpoint.ts'
import type { Member, Recipe, TogetherOptions, TogetherProgress, TrainResult } from './recipe.ts'
import { checkNotEmpty, checkRecipe } from './recipe-check.ts'
import { learningRate, stepOrder } from './schedule.ts'

/** A member with its examples as tokens. */
export type EnsembleMember = Member<TokenExample>

export interface EnsembleTask {
  base: { name: string; hash: string }
  members: readonly EnsembleMember[]
  recipe: Recipe
  options: TogetherOptions
  /** Places of one run of the step graph, by which memory is bounded. */
  places?: number
  /** Awaited before each step: lets people's questions go first. */
  pause?: () => Promise<unknown>
}

/**
 * Tunes M adapters side by side, each as `train` would tune it alone up to the last float32 digits, and each with its own
 * examples, weights, seed and rates. The same task gives the same bytes, also when the process was killed between and called
 * again. A member's result belongs to its ensemble: `train` does not take it for its own.
 * Errors: `no-examples`, `recipe-invalid`, `cancelled` (retry continues from the checkpoint), `training-diverged` (the member
 * is named; the others have their last checkpoint).
 */
export async function trainEnsemble(model: Model, task: EnsembleTask): Promise<TrainResult[]> {
  const { options } = task
  const resume = options.resume ?? true
  checkNotEmpty(task.members.length)
  checkFolders(task)
  const recipes = task.members.map(({ recipe }) => ({ ...task.recipe, ...recipe }))
  for (const [i, { examples }] of task.members.entries()) {
    checkNotEmpty(examples.length)
    checkRecipe(recipes[i]!)
  }
  const { rank, alpha, targets } = task.recipe
  const shape = { rank, alpha, targets }
  const layout = loraLayout(model.config, shape)
  const { fingerprint, own } = fingerprints(task, recipes)
  for (const folder of [options.folder, ...task.members.map(member => member.folder)])
    await mkdir(folder, { recursive: true })
  if (resume) {
    const done = await Promise.all(task.members.map(({ folder }, i) => loadResult(folder, own[i]!)))
    if (done.every(result => result !== null)) return done
  }
  const resumed = resume ? await loadEnsemble(options.folder, fingerprint, layout.size) : null
  const state = resumed ?? {
    step: 0,
    seconds: 0,
    members: recipes.map(({ seed }) => ({
      step: 0,
      tokens: 0,
      firstLoss: Number.NaN,
      lastLoss: Number.NaN,
      adapter: initialLora(layout, seed),
      first: new Float32Array(layout.size),
      second: new Float32Array(layout.size),
    })),
  }
  await takeSteps(model, task, { recipes, layout, fingerprint, state })
  const results: TrainResult[] = []
  for (const [i, { folder, metadata = {} }] of task.members.entries()) {
    const { adapter, step, tokens, firstLoss, lastLoss } = state.members[i]!
    const { seconds } = state
    const hash = await writeAdapter(folder, { shape, layout, flat: adapter }, task.base.name, metadata)
    const result = {
      hash,
      steps: step,
      tokens,
      tokensPerSecond: tokens / seconds,
      seconds,
      firstLoss,
      lastLoss,
    }
    await saveResult(folder, own[i]!, result)
    results.push(result)
  }
  await dropEnsemble(options.folder)
  return results
}

/** Of the whole, and of each member within it: the last digits of a member depend on who stands beside it. */
function fingerprints(
  task: EnsembleTask,
  recipes: readonly Recipe[],
): { fingerprint: string; own: string[] } {
  const alone = task.members.map(({ examples, metadata = {} }, i) =>
    fingerprintOf(task.base.hash, {
      recipe: recipes[i]!,
      metadata,
      examples: [examples],
      rest: { ensemble: task.places ?? null },
    }),
  )
  const hashed = (text: string): string => createHash('sha256').update(text).digest('hex')
  const fingerprint = hashed(alone.join())
  return { fingerprint, own: alone.map((_, i) => hashed(`${fingerprint} ${i}`)) }
}

interface Plan {
  recipes: readonly Recipe[]
  layout: ReturnType<typeof loraLayout>
  fingerprint: string
  state: EnsembleState
}

async function takeSteps(
  model: Model,
  { members, recipe, options, pause, places }: EnsembleTask,
  { recipes, layout, fingerprint, state }: Plan,
): Promise<void> {
  const { folder, signal } = options
  const orders = members.map(({ examples }, i) => stepOrder(examples.length, recipes[i]!))
  const steps = Math.max(...orders.map(({ length }) => length))
  const ensemble = await openEnsemble(model, recipe, layout, state.members, places)
  const began = performance.now() - state.seconds * 1000
  try {
    while (state.step < steps) {
      await pause?.()
      if (signal?.aborted) {
        await saveEnsemble(folder, fingerprint, state)
        throw fault('cancelled', `The training was stopped after ${state.step} of ${steps} steps.`, {
          fix: 'Start it again to continue from there.',
          retry: true,
        })
      }
      const batches = orders.map((order, i) =>
        (order[state.step] ?? []).map(index => members[i]!.examples[index]!),
      )
      const rates = recipes.map(({ learningRate: peak, weightDecay }, i) => ({
        rate: learningRate(state.step, orders[i]!.length, peak),
        weightDecay,
      }))
      const losses = await ensemble.step(batches, rates)
      state.step++
      for (const [i, batch] of batches.entries()) {
        if (batch.length > 0) count(state, i, batch, losses[i]!)
      }
      state.seconds = (performance.now() - began) / 1000
      options.onProgress?.(progressOf(state, steps, batches, losses))
      if (state.step % recipe.checkpointEvery === 0 && state.step < steps)
        await saveEnsemble(folder, fingerprint, state)
    }
  } finally {
    await ensemble.close()
  }
}

/** Counts a member's step. Error `training-diverged`. */
function count(state: EnsembleState, index: number, batch: readonly TokenExample[], loss: number): void {
  const member = state.members[index]!
  member.step++
  if (!Number.isFinite(loss)) {
    throw fault(
      'training-diverged',
      `The loss of member ${index + 1} is not finite at step ${member.step}.`,
      {
        fix: 'Lower its learning rate.',
        facts: { member: index, step: member.step },
      },
    )
  }
  member.tokens += batch.reduce((sum, { tokens }) => sum + tokens.length, 0)
  if (member.step === 1) member.firstLoss = loss
  member.lastLoss = loss
}

function progressOf(
  { step, seconds, members }: EnsembleState,
  steps: number,
  batches: readonly (readonly TokenExample[])[],
  losses: readonly number[],
): TogetherProgress {
  const tokens = members.reduce((sum, member) => sum + member.tokens, 0)
  return {
    step,
    steps,
    losses: losses.map((loss, i) => (batches[i]!.length > 0 ? loss : null)),
    tokens,
    tokensPerSecond: tokens / seconds,
    secondsLeft: (seconds / step) * (steps - step),
  }
}

/** Error `folder-shared`: two members would write over each other. */
function checkFolders({ members }: EnsembleTask): void {
  const folders = new Set(members.map(({ folder }) => folder))
  if (folders.size === members.length) return
  throw fault('folder-shared', 'Adapters that are tuned together name one folder twice.', {
    fix: 'Give each member a folder of its own.',
    facts: { members: members.length, folders: folders.size },
  })
}
