/** Percentiles of durations in milliseconds; null where nothing was measured. */
export interface Spread {
  readonly count: number
  readonly p50: number | null
  readonly p95: number | null
  readonly p99: number | null
  readonly most: number | null
}

export const spreadOf = (milliseconds: readonly number[]): Spread => {
  const sorted = [...milliseconds].sort((a, b) => a - b)
  // Nearest rank: of 100, p99 is the 99th.
  const at = (share: number): number | null => {
    const found = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]
    return found === undefined ? null : Math.round(found * 10) / 10
  }
  return { count: sorted.length, p50: at(0.5), p95: at(0.95), p99: at(0.99), most: at(1) }
}

export const spreadText = ({ count, p50, p95, p99, most }: Spread): string =>
  `p50 ${p50} ms, p95 ${p95} ms, p99 ${p99} ms, most ${most} ms (${count})`

/** Samples this process's memory each second; ends with the most and the last, in MiB. */
export const watchMemory = (): (() => { mostMiB: number; lastMiB: number; heapMiB: number }) => {
  let most = 0
  const look = (): number => {
    const { rss } = process.memoryUsage()
    most = Math.max(most, rss)
    return rss
  }
  look()
  const timer = setInterval(look, 1000)
  const mebibytes = (bytes: number) => Math.round(bytes / 2 ** 20)
  return () => {
    clearInterval(timer)
    const last = look()
    const { heapUsed } = process.memoryUsage()
    return { mostMiB: mebibytes(most), lastMiB: mebibytes(last), heapMiB: mebibytes(heapUsed) }
  }
}

/** Does something at an even rate for some time, or until the signal; late ticks are made up for at once. Returns how often. */
export const atRate = async (
  { rate, seconds, signal }: { rate: number; seconds: number; signal?: AbortSignal },
  act: (number: number) => void,
): Promise<number> => {
  const began = performance.now()
  let done = 0
  for (;;) {
    const elapsed = (performance.now() - began) / 1000
    if (elapsed >= seconds || signal?.aborted === true) return done
    for (; done < Math.floor(elapsed * rate); done++) act(done)
    await new Promise(resolve => setTimeout(resolve, 10))
  }
}

/** Resolves once it holds, looked at now and then; false after `seconds`. */
export const within = async (seconds: number, holds: () => boolean): Promise<boolean> => {
  const until = performance.now() + seconds * 1000
  while (!holds()) {
    if (performance.now() > until) return false
    await new Promise(resolve => setTimeout(resolve, 20))
  }
  return true
}
