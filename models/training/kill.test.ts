import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { weightsFile } from '../lora.ts'
import { keptFolder } from './kept-steps.ts'
import { keepAt, shortTrainings } from './testing/short-trainings.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kill-'))
})
afterAll(() => rm(folder, { recursive: true }))

const script = join(import.meta.dirname, 'testing/killed-training.ts')

/** Runs a training in a process of its own; resolves to the signal that ended it. */
const runKilled = (...args: string[]): Promise<NodeJS.Signals | null> =>
  new Promise(resolve => {
    const child = execFile(process.execPath, [script, ...args])
    child.on('exit', (_, signal) => resolve(signal))
  })

test.each(['answers', 'preferences'] as const)(
  'a training of %s that kill -9 ends again and again gives the bytes of one that ran through',
  async kind => {
    const [whole, killed] = [join(folder, `${kind}-whole`), join(folder, `${kind}-killed`)]
    const { hash, evaluations, bestStep } = await shortTrainings[kind](whole)
    // Before the first checkpoint; while the one of step 6 is written; after it; while the adapter of step 8 is kept; at the end.
    for (const [step, ...amid] of [['2'], ['6', 'amid'], ['7'], ['8', 'amid'], ['12']])
      expect(await runKilled(kind, killed, step!, ...amid)).toBe('SIGKILL')
    const steps: number[] = []
    const resumed = await shortTrainings[kind](killed, ({ step }) => steps.push(step))
    expect(steps[0]).toBeGreaterThan(6)
    expect(resumed).toMatchObject({ hash, evaluations, bestStep, steps: 12 })
    const bytes = (from: string) => readFile(join(from, weightsFile))
    expect(await bytes(killed)).toEqual(await bytes(whole))
    for (const step of keepAt)
      expect(await bytes(keptFolder(killed, step))).toEqual(await bytes(keptFolder(whole, step)))
  },
)
