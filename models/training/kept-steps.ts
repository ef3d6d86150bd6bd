import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fault } from '../../infra/errors.ts'
import { loadResult, saveResult } from './checkpoint.ts'
import type { TrainResult } from './recipe.ts'

/** Where the adapter after a step is kept: a whole adapter folder inside the training's own. */
export const keptFolder = (folder: string, step: number): string => join(folder, `step-${step}`)

/** Never the fingerprint of a training, so that a folder of a step does not pass for a finished one. */
const fingerprintAt = (fingerprint: string, step: number): string => `${fingerprint} after ${step}`

/** Error `recipe-invalid`: a step to keep is not among the training's. */
export function checkKept(keepAt: readonly number[], steps: number): void {
  const wrong = keepAt.filter(step => !Number.isSafeInteger(step) || step < 1 || step > steps)
  if (wrong.length > 0)
    throw fault('recipe-invalid', `No adapter can be kept after step ${wrong.join(', ')} of ${steps}.`, {
      fix: `Name steps from 1 to ${steps}.`,
      facts: { steps },
    })
}

/**
 * Keeps the adapter as it stands: `write` puts it into a folder and returns its hash, `result` is the training's up to there.
 * A crash between the two leaves a step that counts as absent.
 */
export async function keepStep(
  folder: string,
  fingerprint: string,
  result: Omit<TrainResult, 'hash'>,
  write: (into: string) => Promise<string>,
): Promise<void> {
  const own = keptFolder(folder, result.steps)
  await mkdir(own, { recursive: true })
  const hash = await write(own)
  await saveResult(own, fingerprintAt(fingerprint, result.steps), { ...result, hash })
}

/** Whether all of these steps of this very training are there, their weights unchanged. */
export async function areKept(
  folder: string,
  fingerprint: string,
  steps: readonly number[],
): Promise<boolean> {
  for (const step of steps)
    if ((await loadResult(keptFolder(folder, step), fingerprintAt(fingerprint, step))) === null) return false
  return true
}
