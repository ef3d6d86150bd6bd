/** Milliseconds of work after which others get their turn. */
const sliceMilliseconds = 10

/** Lets other work of this thread run, once a slice of time has passed since it last did. */
export const breather = (): (() => Promise<void>) => {
  let since = performance.now()
  return async () => {
    if (performance.now() - since < sliceMilliseconds) return
    await new Promise(resolve => setImmediate(resolve))
    since = performance.now()
  }
}
