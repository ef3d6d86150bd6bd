import { join } from 'node:path'
import { initialLora } from '../lora.ts'
import { type Model, openModel } from '../model.ts'
import { openEnsemble } from '../training/ensemble.ts'
import { defaultRecipe, type Recipe } from '../training/recipe.ts'
import { startState } from '../training/train.ts'
import { type BenchRow, benchRow, inTurns, tableOf } from './row.ts'
import { benchBatch, benchLayout, bestOf, stepBench, work } from './training.ts'

const base = join(import.meta.dirname, '../base/tributary-8m')
const members = 16
const rounds = 3
const seconds = 1.5

/** Opens an ensemble of M members, to measure tokens per second of steps of one example of `time` rows each. */
async function ensembleBench(model: Model, products: NonNullable<Recipe['products']>) {
  const layout = benchLayout(model)
  const states = Array.from({ length: members }, (_, i) => startState(initialLora(layout, i + 1)))
  const ensemble = await openEnsemble(model, { ...defaultRecipe, products }, layout, states)
  const rates = states.map(() => ({ rate: 1e-4, weightDecay: 0.01 }))
  return {
    measure(time: number): Promise<number> {
      const batches = benchBatch(members, time).map(example => [example])
      return bestOf(seconds, async () => {
        const began = performance.now()
        await ensemble.step(batches, rates)
        for (const state of states) state.step++
        return (members * time * 1000) / (performance.now() - began)
      })
    },
    close: () => ensemble.close(),
  }
}

async function rowsFor(model: Model, products: NonNullable<Recipe['products']>): Promise<BenchRow[]> {
  const together = await ensembleBench(model, products)
  const one = await stepBench(model, products)
  const what = `${members} adapters side by side, ${products}, ${model.threads} thread${model.threads > 1 ? 's' : ''}`
  const unit = 'tokens/s'
  const against = async (time: number): Promise<BenchRow[]> => {
    const best = await inTurns(rounds, {
      together: () => together.measure(time),
      one: () => one.measure(benchBatch(members, time), seconds),
      alone: () => one.measure(benchBatch(1, time), seconds),
    })
    const note = `${time} rows each`
    const ours = best.together!
    return [
      benchRow(`${what}, against one at the same total batch`, 0.8, { ours, peer: best.one, unit, note }),
      benchRow(`${what}, against one after the other`, 2, { ours, peer: best.alone, unit, note }),
    ]
  }
  try {
    return [...(await against(work.time)), ...(await against(work.time / 8))]
  } finally {
    await together.close()
    await one.close()
  }
}

/** M = 16 adapters in one graph against one adapter, and against 16 runs at their own small batch; about 90 seconds. */
export async function ensembleBenches(): Promise<BenchRow[]> {
  const rows: BenchRow[] = []
  for (const threads of [1, 2]) {
    const model = await openModel(base, threads)
    for (const products of ['float32', 'int8'] as const) rows.push(...(await rowsFor(model, products)))
    await model.close()
  }
  return rows
}

if (import.meta.main) process.stdout.write(tableOf(await ensembleBenches()))
