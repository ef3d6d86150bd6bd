import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { initialLora, type LoraLayout, loraLayout } from '../lora.ts'
import { type Model, openModel } from '../model.ts'
import { rowsOf, type TokenExample } from '../packing.ts'
import { allLinear, defaultRecipe, type Recipe } from '../training/recipe.ts'
import { openStepper } from '../training/stepper.ts'
import { startState } from '../training/train.ts'
import { type BenchRow, benchRow, inTurns, tableOf } from './row.ts'

const base = join(import.meta.dirname, '../base/tributary-8m')
const peerScript = join(import.meta.dirname, 'peers/torch_lora.py')
const python = '/usr/bin/python3'

/** The work of one step, ours and the peer's: LoRA on all linear layers, loss on the answer's tokens. */
export const work = { batch: 16, time: 128, answer: 96, rank: 8 } as const
const rounds = 3
const secondsARound = 3

export const benchLayout = (model: Model): LoraLayout =>
  loraLayout(model.config, { rank: work.rank, alpha: 2 * work.rank, targets: allLinear })

/** Examples of `time` rows without a pattern, so that the loss neither falls to zero nor diverges; 3/4 are answers. */
export const benchBatch = (count: number, time: number = work.time): TokenExample[] =>
  Array.from({ length: count }, (_, i) => ({
    tokens: Array.from({ length: time + 1 }, (__, t) => ((i * 977 + t * t * 131 + t) % 8000) + 5),
    answerStart: time + 1 - (time * work.answer) / work.time,
    weight: 1,
  }))

/** Opens a stepper and returns what measures it on a batch: tokens per second of the best of the steps that fit in `seconds`. */
export async function stepBench(model: Model, products: NonNullable<Recipe['products']>) {
  const layout = benchLayout(model)
  const state = startState(initialLora(layout, 1))
  const stepper = await openStepper(model, { ...defaultRecipe, products }, layout, state)
  return {
    measure(batch = benchBatch(work.batch), seconds = secondsARound): Promise<number> {
      const rows = batch.reduce((sum, example) => sum + rowsOf(example), 0)
      return bestOf(seconds, async () => {
        const began = performance.now()
        await stepper.step(batch, 1e-4)
        state.step++
        return (rows * 1000) / (performance.now() - began)
      })
    },
    close: () => stepper.close(),
  }
}

/** The largest value that `measure` gives within `seconds`, at least three times. */
export async function bestOf(seconds: number, measure: () => Promise<number>): Promise<number> {
  const ends = performance.now() + 1000 * seconds
  let best = 0
  for (let i = 0; i < 3 || performance.now() < ends; i++) best = Math.max(best, await measure())
  return best
}

let torchVersion: string | null = null

/** Tokens per second of the peer's best step; null where Python or PyTorch is absent. */
async function torchStep(type: 'float32' | 'bfloat16', threads: number): Promise<number | null> {
  const args = [peerScript, base, threads, type, work.batch, work.time, work.answer, secondsARound, work.rank]
  try {
    const { stdout } = await promisify(execFile)(python, args.map(String), {
      // Threads that spin between products are torch's fastest on cores that are free.
      env: {
        ...process.env,
        OMP_NUM_THREADS: `${threads}`,
        OMP_WAIT_POLICY: 'ACTIVE',
        OMP_PROC_BIND: 'false',
      },
    })
    const { best, torch }: { best: number; torch: string } = JSON.parse(stdout)
    torchVersion = torch
    return best
  } catch {
    return null
  }
}

async function rowsFor(threads: number): Promise<BenchRow[]> {
  const model = await openModel(base, threads)
  const float32 = await stepBench(model, 'float32')
  const int8 = await stepBench(model, 'int8')
  try {
    const best = await inTurns(rounds, {
      float32: () => float32.measure(),
      torchFloat32: () => torchStep('float32', threads),
      int8: () => int8.measure(),
      torchBfloat16: () => torchStep('bfloat16', threads),
    })
    const peers = [
      { type: 'float32', speed: best.torchFloat32 },
      { type: 'bfloat16', speed: best.torchBfloat16 },
    ].flatMap(({ type, speed }) => (speed === null ? [] : [{ type, speed }]))
    const fastest = peers.toSorted((a, b) => b.speed - a.speed)[0]
    const note = fastest
      ? `torch ${torchVersion} ${fastest.type}, its fastest mode`
      : `no peer: ${python} has no torch (apt install python3-torch)`
    const peer = fastest?.speed ?? null
    const on = `${threads} thread${threads > 1 ? 's' : ''}`
    const same = best.torchFloat32 === null ? note : `torch ${torchVersion} float32`
    const unit = 'tokens/s'
    return [
      benchRow(`LoRA step, int8, ${on}`, 1.5, { ours: best.int8!, peer, unit, note }),
      benchRow(`LoRA step, float32, ${on}`, null, { ours: best.float32!, peer, unit, note }),
      benchRow(`LoRA step, float32, ${on}, like for like`, null, {
        ours: best.float32!,
        peer: best.torchFloat32,
        unit,
        note: same,
      }),
    ]
  } finally {
    await float32.close()
    await int8.close()
    await model.close()
  }
}

/** One LoRA step of 16 examples of 128 rows on the shipped base against PyTorch's, with 1 and 2 threads; about 2 minutes. */
export const trainingBenches = async (): Promise<BenchRow[]> => [...(await rowsFor(1)), ...(await rowsFor(2))]

if (import.meta.main) process.stdout.write(tableOf(await trainingBenches()))
