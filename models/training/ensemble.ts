import { besideStepGraph } from '../beside-graphs.ts'
import type { LoraLayout } from '../lora.ts'
import { feedsFor, type Model } from '../model.ts'
import { packExamples, rowsOf, type TokenExample } from '../packing.ts'
import { floats, openSession } from '../session.ts'
import type { Recipe } from './recipe.ts'
import { groupsWithin } from './schedule.ts'
import { stepPlaces, weighted } from './stepper.ts'
import { type AdamwState, openUpdater } from './updater.ts'

interface MemberRate {
  rate: number
  weightDecay: number
}

export interface Ensemble {
  /**
   * Takes one AdamW step of every member on its own batch, at its own rate; a member whose batch is empty takes none.
   * Returns each member's nats per answer token before the step, NaN for a member without one.
   */
  step(batches: readonly (readonly TokenExample[])[], rates: readonly MemberRate[]): Promise<number[]>
  close(): Promise<void>
}

/** Runs of the step graph that together make one step of some members: each one's examples of every run. */
export interface MemberRuns {
  members: number[]
  runs: TokenExample[][][]
}

/**
 * Cuts the members' batches into runs of at most `places` places: as many members a run as have room with their whole batches,
 * and a member that has no room alone in several runs.
 */
export function memberRuns(batches: readonly (readonly TokenExample[])[], places: number): MemberRuns[] {
  const active = [...batches.keys()].filter(member => batches[member]!.length > 0)
  const sizes = active.map(member => batches[member]!.length * Math.max(...batches[member]!.map(rowsOf)))
  const together = Math.max(1, Math.floor(places / Math.max(...sizes)))
  const parts: MemberRuns[] = []
  for (let i = 0; i < active.length; i += together) {
    const members = active.slice(i, i + together)
    const groups = members.map(member => {
      const batch = batches[member]!
      const lengths = batch.map(rowsOf)
      const order = [...batch.keys()].toSorted((a, b) => lengths[a]! - lengths[b]! || a - b)
      return groupsWithin(order, lengths, places).map(group => group.map(index => batch[index]!))
    })
    const count = Math.max(...groups.map(({ length }) => length))
    const runs = Array.from({ length: count }, (_, run) => groups.map(own => own[run] ?? []))
    parts.push({ members, runs })
  }
  return parts
}

/** Each member's examples, filled up to equally many rows with sequences that have no answer, and so no gradient. */
function filled(groups: readonly (readonly TokenExample[])[]): TokenExample[] {
  const rows = groups.map(group => group.reduce((sum, example) => sum + rowsOf(example), 0))
  const whole = Math.max(...rows)
  const longest = Math.max(...groups.flat().map(rowsOf))
  return groups.flatMap((group, i) => {
    const fillers: TokenExample[] = []
    for (let left = whole - rows[i]!; left > 0; left -= longest) {
      const length = Math.min(left, longest) + 1
      fillers.push({ tokens: new Array<number>(length).fill(0), answerStart: length, weight: 0 })
    }
    return [...group, ...fillers]
  })
}

/**
 * M adapters of one layout trained side by side: their rows share the products with the frozen matrices, and every member has its
 * own low-rank path, gradient and AdamW state. A member's step equals the one it would take alone, up to the last float32
 * digits. `states` are replaced as in `openStepper`; their counters are the caller's.
 */
export async function openEnsemble(
  model: Model,
  recipe: Pick<Recipe, 'epsilon' | 'epsilonPlace' | 'products'>,
  layout: LoraLayout,
  states: readonly AdamwState[],
  places = stepPlaces,
): Promise<Ensemble> {
  const { products = 'float32' } = recipe
  const weights = products === 'int8' ? { ...model.weights, ...(await model.int8()) } : model.weights
  const graph = besideStepGraph(model.config, layout, { products, members: true })
  const session = await openSession(graph, { threads: model.threads, device: model.device, planned: false })
  const updater = await openUpdater(model, recipe, layout.size)
  const { size } = layout
  let memory = [0, 1, 2].map(() => new Float32Array(0))

  /** Gradients [members, size], answer nats and answer tokens of some members, summed over their runs. */
  const gradientsOf = async ({ members, runs }: MemberRuns) => {
    const length = members.length * size
    if (memory[0]!.length !== length) memory = memory.map(() => new Float32Array(length))
    const [adapters, ...sums] = memory as [Float32Array, Float32Array, Float32Array]
    for (const [i, member] of members.entries()) adapters.set(states[member]!.adapter, i * size)
    const matrix = (data: Float32Array) => floats(data, [members.length, size])
    const nats = members.map(() => 0)
    const tokens = members.map(() => 0)
    sums[1].fill(0)
    let sum = sums[1]
    for (const [r, groups] of runs.entries()) {
      const { feeds } = packExamples(filled(groups), model.config)
      const gradient = sums[r % 2]!
      const own = { adapter: matrix(adapters), sum: matrix(sum) }
      const outputs = await session.run(feedsFor(session, feeds, own, weights), {
        gradient: matrix(gradient),
      })
      sum = gradient
      let at = 0
      for (const [i, group] of groups.entries()) {
        const count = group.reduce((total, example) => total + example.tokens.length - example.answerStart, 0)
        for (const value of (outputs.nats!.data as Float32Array).subarray(at, at + count)) nats[i]! += value
        tokens[i]! += count
        at += count
      }
    }
    return { sum, nats, tokens }
  }

  return {
    async step(whole, rates) {
      const losses = states.map(() => Number.NaN)
      const parts = whole.map(weighted)
      const batches = parts.map(({ batch }) => batch)
      for (const part of memberRuns(batches, places)) {
        const { sum, nats, tokens } = await gradientsOf(part)
        for (const [i, member] of part.members.entries()) {
          const settings = { ...rates[member]!, tokens: tokens[i]! + parts[member]!.skipped }
          await updater.update(states[member]!, sum.subarray(i * size, (i + 1) * size), settings)
          losses[member] = nats[i]! / tokens[i]!
        }
      }
      return losses
    },
    async close() {
      await session.close()
      await updater.close()
    },
  }
}
