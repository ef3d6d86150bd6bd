import { fault } from '../../infra/errors.ts'

/** Milliseconds between two looks at what the agents have done. */
const LOOK_MS = 150

/**
 * Looks again and again until `done` says so, and returns what it saw. Throws `tour-stuck` when nothing that `progress`
 * reads has changed for `seconds`: a job then has failed, and the log says why.
 */
export const waitFor = async <T>(
  what: string,
  look: () => Promise<T>,
  done: (seen: T) => boolean,
  options: { seconds?: number; progress?: (seen: T) => unknown } = {},
): Promise<T> => {
  const { seconds = 120, progress = seen => seen } = options
  let last = ''
  let changedAt = performance.now()
  for (;;) {
    const seen = await look()
    if (done(seen)) return seen
    const now = JSON.stringify(progress(seen))
    if (now !== last) {
      last = now
      changedAt = performance.now()
    } else if (performance.now() - changedAt > seconds * 1000)
      throw fault('tour-stuck', `Nothing has moved for ${seconds} seconds while waiting for ${what}.`, {
        fix: 'Look into log.jsonl of the data folder; start again to go on from here.',
        blame: 'ours',
      })
    await new Promise(resolve => setTimeout(resolve, LOOK_MS))
  }
}
