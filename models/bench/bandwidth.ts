/** How fast this machine's memory is, with buffers that no cache holds. */
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'

/** Bytes of each of a thread's two buffers; processors' caches end at some hundred MiB. */
const bufferBytes = 256 * 2 ** 20
const seconds = 0.7

export interface Bandwidth {
  /** Bytes a second read and written while one buffer is copied to another, as STREAM counts them. */
  copy: number
  /** Bytes a second of two buffers that are only read, by comparing them. */
  read: number
}

/** Bytes a second of all threads together, each on buffers of its own and all at the same time. */
export async function measureBandwidth(threads: number): Promise<Bandwidth> {
  const workers = Array.from(
    { length: threads },
    () => new Worker(new URL(import.meta.url), { workerData: 'bandwidth' }),
  )
  const ask = async (what: keyof Bandwidth): Promise<number> => {
    const answers = workers.map(
      worker =>
        new Promise<number>((resolve, reject) => worker.once('message', resolve).once('error', reject)),
    )
    for (const worker of workers) worker.postMessage(what)
    return (await Promise.all(answers)).reduce((sum, rate) => sum + rate, 0)
  }
  try {
    await ask('copy')
    return { copy: await ask('copy'), read: await ask('read') }
  } finally {
    for (const worker of workers) await worker.terminate()
  }
}

if (!isMainThread && workerData === 'bandwidth') {
  const from = Buffer.alloc(bufferBytes, 1)
  const to = Buffer.alloc(bufferBytes, 1)
  const passes = { copy: () => to.set(from), read: () => to.equals(from) }
  parentPort!.on('message', (what: keyof Bandwidth) => {
    const ends = performance.now() + 1000 * seconds
    let best = 0
    while (performance.now() < ends) {
      const began = performance.now()
      passes[what]()
      best = Math.max(best, (2 * bufferBytes * 1000) / (performance.now() - began))
    }
    parentPort!.postMessage(best)
  })
}
