import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { findSpans } from '../spans.ts'
import { createTokenStore, openTokenStore, type TokenStore } from '../suffix-array-store.ts'
import { unigramLogProbs } from '../unigram.ts'
import { answer, rows, vocabulary } from './corpus.ts'

/** What one size of the corpus cost. Files were written just before, so that the system has them in memory. */
export interface Measurement {
  rows: number
  tokens: number
  /** Writing the tokens and sorting them, generation left out. */
  buildSeconds: number
  /** Processor seconds of the same, of all threads: what another job on the machine does not change. */
  buildCpuSeconds: number
  bytesPerRow: number
  openMs: number
  /** Finding the spans of one answer: with the default limits, and with every page read on demand. */
  query: Percentiles
  paged: Percentiles
  /** Spans found in the 200 answers. */
  spans: number
  /** Adding 1,000 rows beside the main array, and the longest time for which this thread did not answer meanwhile. */
  addSeconds: number
  addStallMs: number
  /** The same answers with those rows beside and one row in a hundred withdrawn. */
  changed: Percentiles
  mergeSeconds: number
  /** Highest resident memory of the process, MiB: after the build and at the end. */
  buildMiB: number
  peakMiB: number
}

interface Percentiles {
  p50: number
  p95: number
}

const answers = 200
const added = 1000

const timed = async (work: () => Promise<unknown>): Promise<{ seconds: number; cpu: number }> => {
  const start = performance.now()
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return { seconds: (performance.now() - start) / 1000, cpu: (user + system) / 1e6 }
}

const percentiles = (times: number[]): Percentiles => {
  times.sort((a, b) => a - b)
  return { p50: times[Math.floor(times.length * 0.5)]!, p95: times[Math.floor(times.length * 0.95)]! }
}

const ask = (store: TokenStore, logProbs: Float64Array, count: number) => {
  const times: number[] = []
  let spans = 0
  // The first answers, of another seed, are for the compiler.
  for (let i = -20; i < answers; i++) {
    const query = answer(i, count)
    const start = performance.now()
    const found = findSpans(store, logProbs, query)
    if (i < 0) continue
    times.push(performance.now() - start)
    spans += found.length
  }
  return { times: percentiles(times), spans }
}

const folderBytes = async (folder: string): Promise<number> => {
  let bytes = 0
  for (const name of await readdir(folder, { recursive: true }))
    bytes += (await stat(join(folder, name))).size
  return bytes
}

const peakMiB = () => process.resourceUsage().maxRSS / 1024

/** Builds, asks, adds, withdraws and merges a generated corpus of `count` rows in a folder that is removed again. */
export const measure = async (count: number): Promise<Measurement> => {
  const folder = await mkdtemp(join(tmpdir(), 'spans-'))
  try {
    const counts = new Uint32Array(vocabulary + 1)
    let tokens = count
    const generation = await timed(async () => {
      for (const row of rows(0, count)) {
        tokens += row.length
        for (const token of row) counts[token]!++
      }
    })
    counts[vocabulary] = count
    const logProbs = unigramLogProbs(counts)
    const build = await timed(() => createTokenStore(folder, rows(0, count), vocabulary))
    const buildMiB = peakMiB()
    const bytesPerRow = (await folderBytes(folder)) / count

    const paged = await openTokenStore(folder, { whole: 0 })
    const onDemand = ask(paged, logProbs, count)
    await paged.close()
    let store!: TokenStore
    const open = await timed(async () => {
      store = await openTokenStore(folder)
    })
    const whole = ask(store, logProbs, count)

    const stall = monitorEventLoopDelay({ resolution: 5 })
    stall.enable()
    const add = await timed(() => store.add(rows(count, count + added)))
    stall.disable()
    await store.withdraw(rowsOf(count, 100))
    const changed = ask(store, logProbs, count)
    const merge = await timed(() => store.merge())
    await store.close()
    return {
      rows: count,
      tokens,
      buildSeconds: build.seconds - generation.seconds,
      buildCpuSeconds: build.cpu - generation.cpu,
      bytesPerRow,
      openMs: open.seconds * 1000,
      query: whole.times,
      paged: onDemand.times,
      spans: whole.spans,
      addSeconds: add.seconds,
      addStallMs: stall.max / 1e6,
      changed: changed.times,
      mergeSeconds: merge.seconds,
      buildMiB,
      peakMiB: peakMiB(),
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function* rowsOf(count: number, step: number): Generator<number> {
  for (let row = 0; row < count; row += step) yield row
}

if (import.meta.main) process.send?.(await measure(Number(process.argv[2])))
