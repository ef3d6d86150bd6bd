/** Looks at something again and again for all who watch it, and only while somebody does. */
export interface SharedPoll {
  /** One round at once, and one after every look that found something new, until the signal aborts. Rounds missed count as one. */
  rounds(signal: AbortSignal): AsyncGenerator<void>
}

/** `look` says whether there is something new; where it throws, `failed` is told and the next look is at the usual time. */
export const sharedPoll = (
  look: () => Promise<boolean>,
  pollMs: number,
  failed: (error: unknown) => void,
): SharedPoll => {
  const waiting = new Set<() => void>()
  let watchers = 0
  let looking = false
  let version = 0
  const keepLooking = async (): Promise<void> => {
    looking = true
    while (watchers > 0) {
      try {
        if (await look()) {
          version++
          for (const wake of waiting) wake()
        }
      } catch (error) {
        failed(error)
      }
      await new Promise(resolve => setTimeout(resolve, pollMs).unref())
    }
    looking = false
  }
  // Not a race of promises: each round would leave a reaction on the one that lives as long as the stream.
  const news = (signal: AbortSignal): Promise<void> =>
    new Promise(resolve => {
      const wake = () => {
        waiting.delete(wake)
        signal.removeEventListener('abort', wake)
        resolve()
      }
      waiting.add(wake)
      signal.addEventListener('abort', wake)
    })
  return {
    async *rounds(signal) {
      watchers++
      if (!looking) void keepLooking()
      try {
        for (let seen = -1; !signal.aborted; ) {
          if (seen === version) await news(signal)
          if (signal.aborted) return
          seen = version
          yield
        }
      } finally {
        watchers--
      }
    },
  }
}
