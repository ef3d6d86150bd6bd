import { openModel } from '../model.ts'
import type { ServedWeights } from '../serving/packed-weights.ts'
import { decodeStep, forwardOf, past } from './decode-steps.ts'
import { type BenchRow, benchRow } from './row.ts'
import { benchThreads, shippedBase, threadsText } from './settings.ts'
import { medianSteps } from './timing.ts'

/** int8 and int4 weights against float32, one sequence and 32, the base alone; about 10 seconds. */
export async function roundedWeightBenches(): Promise<BenchRow[]> {
  const threads = benchThreads()
  const model = await openModel(shippedBase, threads)
  const rows: BenchRow[] = []
  for (const batch of [1, 32]) {
    const mode = (kind: ServedWeights) => decodeStep(forwardOf(model, kind), batch)
    const steps = await medianSteps(
      { float32: mode('float32'), int8: mode('int8'), int4: mode('int4') },
      { turns: 6, milliseconds: 150 },
    )
    for (const kind of ['int8', 'int4'] as const)
      rows.push(
        benchRow(
          `decode step, batch of ${batch}, ${threadsText(threads)}, ${kind} weights against float32`,
          null,
          {
            ours: (1000 * batch) / steps[kind],
            peer: (1000 * batch) / steps.float32,
            unit: 'tokens/s',
            note: `${past} tokens of past, base alone`,
          },
        ),
      )
  }
  await model.close()
  return rows
}
