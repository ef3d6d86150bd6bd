import { rm } from 'node:fs/promises'
import { type Model, openModel } from '../model.ts'
import { packWeights, type ServedWeights } from '../serving/packed-weights.ts'
import { type Bandwidth, measureBandwidth } from './bandwidth.ts'
import { benchAdapters, decodeStep, forwardOf, past } from './decode-steps.ts'
import { temporaryRandomBase } from './random-base.ts'
import { type BenchRow, benchRow } from './row.ts'
import { benchThreads, shippedBase, threadsText } from './settings.ts'
import { medianSteps, type Step, type Turns } from './timing.ts'

/** What a token reaches of the speed at which memory delivers the weights. */
const bar = 0.7
const kinds: readonly ServedWeights[] = ['float32', 'int8', 'int4']

const gigabytes = (rate: number): string => `${(rate / 1e9).toFixed(1)} GB/s`

/** Bytes of the linear layers and the head as they are held, which every token reads once. */
const weightBytes = ({ config, weights }: Model, kind: ServedWeights): number =>
  packWeights(config, weights, kind)?.bytes ?? 0

function bandwidthRow(
  what: string,
  bytes: number,
  milliseconds: number,
  { copy, read }: Bandwidth,
): BenchRow {
  const ours = (1000 * bytes) / milliseconds / 1e9
  return benchRow(what, bar, {
    ours,
    peer: copy / 1e9,
    unit: 'GB/s',
    note: `${(1000 / milliseconds).toFixed(0)} tokens/s after ${past}; ${(bytes / 1e6).toFixed(0)} MB a token; ${((100 * ours * 1e9) / read).toFixed(0)}% of a read-only pass (${gigabytes(read)})`,
  })
}

async function measured(name: string, model: Model, turns: Turns, withAdapter: boolean): Promise<BenchRow[]> {
  const before = await measureBandwidth(model.threads)
  const [adapter] = benchAdapters(model, 1)
  const modes: Record<string, Step> = {}
  for (const kind of kinds) {
    modes[kind] = decodeStep(forwardOf(model, kind), 1)
    if (withAdapter) modes[`${kind}, one adapter`] = decodeStep(forwardOf(model, kind), 1, [adapter!])
  }
  const medians = await medianSteps(modes, turns)
  const after = await measureBandwidth(model.threads)
  // The better of two: a pass that something else disturbed would make our share look larger.
  const bandwidth = { copy: Math.max(before.copy, after.copy), read: Math.max(before.read, after.read) }
  return kinds.flatMap(kind => {
    const bytes = weightBytes(model, kind)
    return [kind, `${kind}, one adapter`]
      .filter(mode => mode in medians)
      .map(mode =>
        bandwidthRow(
          `batch 1, ${name}, ${mode}, ${threadsText(model.threads)}, against copying memory`,
          bytes,
          medians[mode]!,
          bandwidth,
        ),
      )
  })
}

/** One sequence on the processor against the memory's speed, `past` tokens of past; about 40 seconds. */
export async function batchOneBenches(): Promise<BenchRow[]> {
  const threads = benchThreads()
  const shipped = await openModel(shippedBase, threads)
  const small = await measured(
    'shipped base (may stay in the cache)',
    shipped,
    { turns: 6, milliseconds: 150 },
    true,
  )
  await shipped.close()
  const folder = await temporaryRandomBase()
  try {
    const model = await openModel(folder, threads)
    const large = await measured('135M parameters', model, { turns: 4, milliseconds: 400 }, false)
    await model.close()
    return [...small, ...large]
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
