import { fault } from '../../../infra/errors.ts'
import type { Log } from '../../../infra/log.ts'

/** One server-sent event. */
export interface Message {
  readonly event: string
  readonly id: string
  readonly data: unknown
}

/** Ends what a slow or lost network would leave open, and keeps proxies from ending it. */
const HEARTBEAT_MS = 15_000

const encoder = new TextEncoder()
const textOf = ({ event, id, data }: Message): string =>
  `event: ${event}\nid: ${id}\ndata: ${JSON.stringify(data)}\n\n`

/**
 * Messages as server-sent events, taken one by one as the client reads them, with a comment as heartbeat. `ended` is called
 * once: the messages ended, failed (the client comes back with the last id), or the client left.
 */
export const eventStream = (
  messages: AsyncGenerator<Message>,
  log: Log,
  ended: () => void,
  heartbeatMs: number = HEARTBEAT_MS,
): Response => {
  let next: Promise<IteratorResult<Message, unknown>> | undefined
  const body = new ReadableStream<Uint8Array>({
    // The head of the answer leaves with the first bytes.
    start: controller => controller.enqueue(encoder.encode('retry: 2000\n\n')),
    async pull(controller) {
      next ??= messages.next()
      const beat = heartbeat(heartbeatMs)
      try {
        const got = await Promise.race([next, beat.due])
        if (got === 'due') return controller.enqueue(encoder.encode(': still here\n\n'))
        next = undefined
        if (!got.done) return controller.enqueue(encoder.encode(textOf(got.value)))
      } catch (error) {
        log.warn('stream.failed', { error: String(error) })
      } finally {
        beat.stop()
      }
      ended()
      controller.close()
    },
    cancel() {
      ended()
      // One that waits for nobody to read on would never give back what it holds.
      void messages.return(undefined)
    },
  })
  return new Response(body, {
    headers: {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    },
  })
}

const heartbeat = (ms: number): { due: Promise<'due'>; stop(): void } => {
  const { promise, resolve } = Promise.withResolvers<'due'>()
  const timer = setTimeout(() => resolve('due'), ms)
  return { due: promise, stop: () => clearTimeout(timer) }
}

/** The same answer; `over` is called once its body has ended, failed or is wanted no more. */
export const whenOver = (response: Response, over: () => void): Response => {
  const { body, status, headers } = response
  if (body === null) {
    over()
    return response
  }
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
  body
    .pipeTo(writable)
    .catch(() => {})
    .finally(over)
  return new Response(readable, { status, headers })
}

/** Places for streams: so many for one caller, so many in all. */
export interface Places {
  /** Returns what gives the place back, any number of times. Throws `rate-limited`. */
  take(caller: string): () => void
}

export const openPlaces = (perCaller: number, inAll: number): Places => {
  const taken = new Map<string, number>()
  let all = 0
  return {
    take(caller) {
      const own = taken.get(caller) ?? 0
      if (own >= perCaller || all >= inAll)
        throw fault(
          'rate-limited',
          own >= perCaller ? `You have ${own} streams open.` : 'Too many streams are open.',
          { fix: 'Close one, or come back later.', facts: { retryAfterSeconds: 30 }, retry: true },
        )
      taken.set(caller, own + 1)
      all++
      let given = false
      return () => {
        if (given) return
        given = true
        all--
        const left = (taken.get(caller) ?? 1) - 1
        if (left === 0) taken.delete(caller)
        else taken.set(caller, left)
      }
    },
  }
}
