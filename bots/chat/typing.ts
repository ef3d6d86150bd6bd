import type { Incoming, Platform } from './platform.ts'

/** Milliseconds without an answer after which the person sees that one is being made. */
const SILENCE_MS = 250
/** People waiting at once for whom that is shown: in a flood the calls are better spent on answers. */
const MOST = 32

/** Shows that an answer is being made, where it takes a moment: otherwise nobody would know that they were heard. */
export interface Typing {
  heard(incoming: Incoming): void
  answered(key: string): void
  /** Shows nothing any more. */
  clear(): void
}

export const openTyping = (platform: Pick<Platform, 'typing'>): Typing => {
  const waiting = new Map<string, NodeJS.Timeout>()
  const answered = (key: string): void => {
    clearTimeout(waiting.get(key))
    waiting.delete(key)
  }
  return {
    heard(incoming) {
      if (platform.typing === undefined || waiting.size >= MOST) return
      if (incoming.act.kind === 'line' && !incoming.act.addressed) return
      const timer = setTimeout(() => {
        waiting.delete(incoming.key)
        // Not worth a second try, nor a word in the log: the answer comes by itself.
        platform.typing?.(incoming).catch(() => {})
      }, SILENCE_MS)
      timer.unref()
      waiting.set(incoming.key, timer)
    },
    answered,
    clear() {
      for (const key of [...waiting.keys()]) answered(key)
    },
  }
}
