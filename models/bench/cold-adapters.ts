import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { adapterConfigOf, configFile } from '../adapter-config.ts'
import { openConstraints } from '../constraint/constraint.ts'
import { type Adapter, tensorsOf, weightsFile } from '../lora.ts'
import { type Model, openModel } from '../model.ts'
import { encodeSafetensors } from '../safetensors.ts'
import { type Generator, generate } from '../serving/generate.ts'
import { defaultServingLimits, Scheduler } from '../serving/scheduler.ts'
import { openTokenizer } from '../tokenizer.ts'
import { benchAdapters, forwardOf } from './decode-steps.ts'
import { type BenchRow, benchRow } from './row.ts'
import { benchThreads, shippedBase, threadsText } from './settings.ts'
import { median, quantile } from './timing.ts'

const registered = 1000
const asked = 60
/** Room for 28 adapters of rank 8 on all linear layers. */
const adapterBytes = 32 * 2 ** 20
/** A cold first token may take so many times a warm one's, and so many milliseconds. */
const bar = { times: 1.3, milliseconds: 20 }

/** 64 tokens with the template around it. */
const question =
  'My bees have been hanging from the front of the hive since noon, it is hot and still, and the supers are nearly full of honey. Is this the beginning of a swarm, or are they only cooling themselves, and what should I do this evening?'

const mebibytes = (bytes: number): number => bytes / 2 ** 20

/** Writes an adapter under a hash of its own, without waiting for the disk as `writeAdapter` does. */
async function register(folder: string, { shape, layout, flat }: Adapter, name: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, configFile), JSON.stringify(adapterConfigOf(shape, 'benchmark')))
  const tensors = tensorsOf(layout).map(
    ({ name, offset, shape: [rows, columns] }) =>
      [name, { shape: [rows, columns], data: flat.subarray(offset, offset + rows * columns) }] as const,
  )
  await writeFile(
    join(folder, weightsFile),
    encodeSafetensors(tensors, { name: createHash('sha256').update(name).digest('hex') }),
  )
}

/** Milliseconds until the first token is written. */
async function firstToken(generator: Generator, adapter: string): Promise<number> {
  const began = performance.now()
  await generate(generator, {
    messages: [{ role: 'user', content: question }],
    adapter,
    maxTokens: 1,
    temperature: 0,
    topP: 1,
    seed: 1,
  })
  return performance.now() - began
}

async function firstTokens(
  model: Model,
  folders: readonly string[],
): Promise<{ cold: number[]; warm: number[] }> {
  const tokenizer = await openTokenizer(shippedBase)
  const constraints = openConstraints(tokenizer, model.config.vocabulary)
  // Prompts that come again are not recalled: that would make the warm adapter's first token a matter of the prefix cache.
  const scheduler = new Scheduler(model, forwardOf(model, 'float32'), {
    ...defaultServingLimits,
    prefixBytes: 0,
  })
  const generator = { model, tokenizer, scheduler, constraints }
  const [first, ...rest] = folders
  for (let i = 0; i < 5; i++) await firstToken(generator, first!)
  const cold: number[] = []
  const warm: number[] = []
  for (const folder of rest.slice(0, asked)) {
    cold.push(await firstToken(generator, folder))
    warm.push(await firstToken(generator, folder))
  }
  await constraints.close()
  return { cold, warm }
}

/** Of all adapters read one after the other: the most bytes that the store held, and by how much the process grew. */
async function readAll(model: Model, folders: readonly string[]): Promise<{ held: number; grown: number }> {
  const before = process.memoryUsage.rss()
  let held = 0
  for (const folder of folders) {
    await model.adapters.get(folder)
    held = Math.max(held, model.adapters.bytes)
  }
  return { held, grown: process.memoryUsage.rss() - before }
}

/** 1,000 adapters registered, 28 of them in memory: a cold adapter's first token against a warm one's; about 30 seconds. */
export async function coldAdapterBenches(): Promise<BenchRow[]> {
  const threads = benchThreads()
  const home = await mkdtemp(join(tmpdir(), 'tributary-bench-'))
  const folders = Array.from({ length: registered }, (_, i) => join(home, `${i}`))
  const model = await openModel(shippedBase, threads, { adapterBytes })
  try {
    const [adapter] = benchAdapters(model, 1)
    for (const [i, folder] of folders.entries()) await register(folder, adapter!, `${i}`)
    const { cold, warm } = await firstTokens(model, folders)
    const { held, grown } = await readAll(model, folders)
    const allowed = bar.times * median(warm) + bar.milliseconds
    return [
      benchRow(
        `first token of a cold adapter among ${registered}, ${threadsText(threads)}, against 1.3 warm + 20 ms`,
        1,
        {
          ours: median(cold),
          peer: allowed,
          less: true,
          unit: 'ms',
          note: `warm ${median(warm).toFixed(1)} ms; nine of ten cold ones within ${quantile(cold, 0.9).toFixed(1)} ms; files in the page cache`,
        },
      ),
      benchRow(`memory of adapters after all ${registered} were read, against its setting`, 1, {
        ours: mebibytes(held),
        peer: mebibytes(adapterBytes),
        less: true,
        unit: 'MiB',
        note: `the process grew by ${mebibytes(grown).toFixed(0)} MiB to ${mebibytes(process.memoryUsage.rss()).toFixed(0)} MiB while they were read`,
      }),
    ]
  } finally {
    await model.close()
    await rm(home, { recursive: true, force: true })
  }
}
