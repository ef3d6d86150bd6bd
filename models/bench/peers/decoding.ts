import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Adapter } from '../../lora.ts'
import { type Model, openModel } from '../../model.ts'
import type { Forward } from '../../serving/forward.ts'
import type { ServedWeights } from '../../serving/packed-weights.ts'
import { benchAdapters, decodeStep, forwardOf, likeliest, past } from '../decode-steps.ts'
import { temporaryRandomBase } from '../random-base.ts'
import { type BenchRow, benchRow, tableOf } from '../row.ts'
import { benchThreads, shippedBase, threadsText } from '../settings.ts'
import { medianSteps } from '../timing.ts'
import type { GgmlType } from './gguf.ts'
import { installPeers } from './install.ts'
import { type LlamaCpp, openLlamaCpp } from './llama-cpp.ts'
import { writeLlamaGguf, writeLoraGguf } from './llama-gguf.ts'

/** Our weights and those of theirs that take as many bits. */
const kinds: Readonly<Record<ServedWeights, GgmlType>> = { float32: 'F32', int8: 'Q8_0', int4: 'Q4_0' }
const servedWeights = Object.keys(kinds) as ServedWeights[]
const rows = 32
const unit = 'tokens/s'

/** What both programs compute with: one base, one process. */
interface Bench {
  name: string
  model: Model
  llama: LlamaCpp
  folder: string
  turns: { turns: number; milliseconds: number }
}

const fileOf = ({ folder }: Bench, kind: ServedWeights): string => join(folder, `${kinds[kind]}.gguf`)

async function greedy(forward: Forward, adapter: Adapter | null, prompt: readonly number[], count: number) {
  const answer: number[] = []
  forward.keyValues.reserve(1, prompt.length + count, [])
  if (adapter) forward.banks.hold([adapter])
  let known = 0
  for (let fresh = [...prompt]; answer.length < count; fresh = answer.slice(-1)) {
    const banked = adapter !== null
    answer.push(likeliest(await forward.run({ from: 0, tokens: [fresh], past: [known], banked })))
    known += fresh.length
  }
  return answer
}

/** Tokens that both choose alike before they first differ: what is timed must be the same model. */
async function sameTokens(
  bench: Bench,
  adapter: Adapter | null,
  lora: string | undefined,
): Promise<BenchRow> {
  const { name, model, llama } = bench
  const prompts = [3, 5, 7].map(seed =>
    Array.from({ length: 40 }, (_, i) => 100 + ((i * i * seed + i) % 3000)),
  )
  const decoder = await llama.open(fileOf(bench, 'float32'), {
    rows: 1,
    threads: model.threads,
    ...(lora ? { lora } : {}),
  })
  const count = 32
  let same = 0
  for (const prompt of prompts) {
    const ours = await greedy(forwardOf(model, 'float32'), adapter, prompt, count)
    const theirs = await decoder.greedy(prompt, count)
    const differ = ours.findIndex((token, i) => token !== theirs[i])
    same += differ < 0 ? count : differ
  }
  await decoder.close()
  return benchRow(`greedy tokens equal to llama.cpp's, ${name}, F32${adapter ? ', one adapter' : ''}`, 1, {
    ours: same,
    peer: count * prompts.length,
    unit: 'tokens',
    note: `${prompts.length} prompts of 40 tokens`,
  })
}

/** Decoding side by side; `adapters` ours, one for each row, `lora` theirs, one for all. */
async function decoding(
  bench: Bench,
  kind: ServedWeights,
  batch: number,
  given?: { adapters: readonly Adapter[]; lora: string; note: string },
): Promise<BenchRow> {
  const { name, model, llama, turns } = bench
  const { threads } = model
  const decoder = await llama.open(fileOf(bench, kind), {
    rows: batch,
    threads,
    ...(given ? { lora: given.lora } : {}),
  })
  const steps = await medianSteps(
    { ours: decodeStep(forwardOf(model, kind), batch, given?.adapters), theirs: await decoder.step() },
    turns,
  )
  await decoder.close()
  const speed = (milliseconds: number): number => (1000 * batch) / milliseconds
  const what = `decode, ${name}, batch of ${batch}, ${kind} against llama.cpp ${kinds[kind]}${given ? ', adapters' : ''}, ${threadsText(threads)}`
  return benchRow(what, null, {
    ours: speed(steps.ours),
    peer: speed(steps.theirs),
    unit,
    note: given?.note ?? `${past} tokens of past; llama.cpp ${llama.release}`,
  })
}

async function shippedRows(llama: LlamaCpp, folder: string): Promise<BenchRow[]> {
  const model = await openModel(shippedBase, benchThreads())
  const bench: Bench = { name: 'shipped base', model, llama, folder, turns: { turns: 5, milliseconds: 150 } }
  const adapters = benchAdapters(model, rows)
  const lora = join(folder, 'lora.gguf')
  for (const kind of servedWeights) await writeLlamaGguf(fileOf(bench, kind), model, kinds[kind])
  await writeLoraGguf(lora, model, adapters[0]!)
  const out = [await sameTokens(bench, null, undefined), await sameTokens(bench, adapters[0]!, lora)]
  for (const batch of [1, rows])
    for (const kind of servedWeights) out.push(await decoding(bench, kind, batch))
  for (const kind of servedWeights)
    out.push(
      await decoding(bench, kind, 1, {
        adapters: adapters.slice(0, 1),
        lora,
        note: 'the same adapter of rank 8',
      }),
    )
  out.push(
    await decoding(bench, 'float32', rows, {
      adapters,
      lora,
      note: 'ours: 32 adapters; llama.cpp: one, as a context of its has the same adapters for all sequences',
    }),
  )
  await model.close()
  return out
}

async function largeRows(llama: LlamaCpp, folder: string): Promise<BenchRow[]> {
  const base = await temporaryRandomBase()
  try {
    const model = await openModel(base, benchThreads())
    const bench: Bench = {
      name: '135M parameters',
      model,
      llama,
      folder,
      turns: { turns: 3, milliseconds: 400 },
    }
    const out: BenchRow[] = []
    for (const kind of servedWeights) {
      await writeLlamaGguf(fileOf(bench, kind), model, kinds[kind])
      out.push(await decoding(bench, kind, 1))
    }
    await model.close()
    return out
  } finally {
    await rm(base, { recursive: true, force: true })
  }
}

/** What stands in the table where a peer cannot be measured: our own speed, and why. */
async function withoutPeer(peer: string, why: string): Promise<BenchRow> {
  const model = await openModel(shippedBase, benchThreads())
  const { ours } = await medianSteps(
    { ours: decodeStep(forwardOf(model, 'float32'), 1) },
    { turns: 3, milliseconds: 150 },
  )
  await model.close()
  const what = `decode, shipped base, batch of 1, float32 against ${peer}, ${threadsText(benchThreads())}`
  return benchRow(what, null, { ours: 1000 / ours, peer: null, unit, note: `not measured: ${why}` })
}

/** Decoding beside llama.cpp on the same weights, tokens checked first; about a minute, and another to install it. */
export async function peerBenches(): Promise<BenchRow[]> {
  const transformers = await withoutPeer(
    'transformers.js',
    'it runs only ONNX exports in the layout of Optimum, which is made by a Python program from a checkpoint; our graphs have other inputs',
  )
  const obstacle = await installPeers()
  if (obstacle) return [await withoutPeer('llama.cpp', obstacle), transformers]
  const llama = await openLlamaCpp(benchThreads())
  const folder = await mkdtemp(join(tmpdir(), 'tributary-bench-'))
  try {
    return [...(await shippedRows(llama, folder)), ...(await largeRows(llama, folder)), transformers]
  } finally {
    await llama.close()
    await rm(folder, { recursive: true, force: true })
  }
}

if (import.meta.main) process.stdout.write(tableOf(await peerBenches()))
