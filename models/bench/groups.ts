import { fork } from 'node:child_process'
import { join } from 'node:path'
import type { BenchRow } from './row.ts'

/** A file beside this one, and the function of it that measures. */
export type Part = readonly [file: string, name: string]

/** What `npm run bench` runs, in this order; every part has a process of its own, so that memory and threads do not mix. */
export const groups = {
  training: [
    ['training.ts', 'trainingBenches'],
    ['ensemble.ts', 'ensembleBenches'],
  ],
  serving: [
    ['batch.ts', 'batchBenches'],
    ['batch-one.ts', 'batchOneBenches'],
    ['rounded-weights.ts', 'roundedWeightBenches'],
    ['answer-loss.ts', 'answerLossBenches'],
    ['cold-adapters.ts', 'coldAdapterBenches'],
    ['prefix.ts', 'prefixBenches'],
  ],
  peers: [['peers/decoding.ts', 'peerBenches']],
} as const satisfies Record<string, readonly Part[]>

export type Group = keyof typeof groups
export const groupNames = Object.keys(groups) as Group[]

/** Measures a part in this process. */
export async function measurePart([file, name]: Part): Promise<BenchRow[]> {
  const module: Record<string, () => Promise<BenchRow[]>> = await import(new URL(file, import.meta.url).href)
  return module[name]!()
}

/** Measures a part in a process of its own. Error: that process ended without an answer; what it said stands in stderr. */
export function measureApart(part: Part, threads: number | null): Promise<BenchRow[]> {
  const child = fork(join(import.meta.dirname, 'part.ts'), [...part], {
    stdio: ['ignore', 2, 2, 'ipc'],
    env: { ...process.env, ...(threads === null ? {} : { TRIBUTARY_THREADS: `${threads}` }) },
  })
  return new Promise((resolve, reject) => {
    child.once('message', rows => resolve(rows as BenchRow[]))
    child.once('error', reject)
    child.once('exit', (code, signal) => reject(new Error(`${part[1]} broke off (${signal ?? code})`)))
  })
}
