import { join } from 'node:path'
import { openEnsemble } from '../ensemble.ts'
import { initialLora } from '../lora.ts'
import { type Model, openModel } from '../model.ts'
import { startState } from '../train.ts'
import { defaultRecipe, type Recipe } from '../training.ts'
import { type BenchRow, benchRow, inTurns, printRows } from './row.ts'
import { benchBatch, benchLayout, bestOf, stepBench, work } from './training.ts'

const base = join(import.meta.dirname, '../base/tributary-8m')
const members = 16
const rounds = 4
const seconds = 2

/** Tokens per second of M members with one example each, which is one adapter's batch in all. */
async function ensembleBench(model: Model, products: NonNullable<Recipe['products']>) {
  const layout = benchLayout(model)
  const states = Array.from({ length: members }, (_, i) => startState(initialLora(layout, i + 1)))
  const ensemble = await openEnsemble(model, { ...defaultRecipe, products }, layout, states)
  const batches = benchBatch(members).map(example => [example])
  const rates = states.map(() => ({ rate: 1e-4, weightDecay: 0.01 }))
  const step = async (): Promise<number> => {
    const began = performance.now()
    await ensemble.step(batches, rates)
    for (const state of states) state.step++
    return (members * work.time * 1000) / (performance.now() - began)
  }
  await step()
  return { measure: () => bestOf(seconds, step), close: () => ensemble.close() }
}

async function rowsFor(model: Model, products: NonNullable<Recipe['products']>): Promise<BenchRow[]> {
  const together = await ensembleBench(model, products)
  const one = await stepBench(model, products, members)
  const small = await stepBench(model, products, 1)
  try {
    const best = await inTurns(rounds, {
      together: () => together.measure(),
      one: () => one.measure(seconds),
      small: () => small.measure(seconds),
    })
    const ours = best.together!
    const unit = 'tokens/s'
    const on = `${products}, ${model.threads} thread${model.threads > 1 ? 's' : ''}`
    return [
      benchRow(`${members} adapters side by side, ${on}, against one at the same total batch`, 0.8, {
        ours,
        peer: best.one,
        unit,
        note: `${members} x ${work.time} rows`,
      }),
      benchRow(`${members} adapters side by side, ${on}, against one after the other`, 2, {
        ours,
        peer: best.small,
        unit,
        note: `each alone takes steps of ${work.time} rows`,
      }),
    ]
  } finally {
    await together.close()
    await one.close()
    await small.close()
  }
}

/** M = 16 adapters in one graph against one adapter, and against 16 runs at their own small batch; about a minute. */
export async function ensembleBenches(): Promise<BenchRow[]> {
  const rows: BenchRow[] = []
  for (const threads of [1, 2]) {
    const model = await openModel(base, threads)
    for (const products of ['float32', 'int8'] as const) rows.push(...(await rowsFor(model, products)))
    await model.close()
  }
  return rows
}

if (import.meta.main) printRows(await ensembleBenches())
