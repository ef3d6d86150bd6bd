export interface Turns {
  /** Waits until all who asked before for that name are done; call what it returns to let the next one go. */
  take(name: string): Promise<() => void>
  taken(name: string): boolean
}

/** Puts those who want the same thing in a line, within this process. */
export const openTurns = (): Turns => {
  const tails = new Map<string, Promise<void>>()
  return {
    taken: name => tails.has(name),
    take: async name => {
      const before = tails.get(name)
      const { promise, resolve } = Promise.withResolvers<void>()
      const tail = (before ?? Promise.resolve()).then(() => promise)
      tails.set(name, tail)
      await before
      return () => {
        resolve()
        if (tails.get(name) === tail) tails.delete(name)
      }
    },
  }
}
