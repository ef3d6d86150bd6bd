import type { Context } from 'hono'
import { type SSEStreamingApi, streamSSE } from 'hono/streaming'
import type { Piece } from './pieces.ts'
import type { Site } from './site.ts'
import type { Env } from './visitors.ts'

/** Live streams open at once, over all pages; each costs a look at the database every second. */
const STREAMS = 100
let open = 0

/**
 * Streams server-sent events until the page leaves or the node closes. `work` is called again and again, a poll's time
 * between; it sends what is new and returns false once nothing more will come.
 */
export const stream = (
  site: Site,
  c: Context<Env>,
  work: (send: SSEStreamingApi) => Promise<boolean>,
): Response => {
  if (open >= STREAMS) return c.text('Too many pages are open.', 503)
  open++
  // Otherwise a browser behind an older proxy may wait for more bytes before it shows any.
  c.header('x-accel-buffering', 'no')
  return streamSSE(c, async send => {
    const ended = new AbortController()
    const stop = AbortSignal.any([ended.signal, site.closing])
    send.onAbort(() => ended.abort())
    try {
      while (!stop.aborted && (await work(send))) await pause(site.pollMs, stop)
    } finally {
      open--
    }
  })
}

const pause = (ms: number, stop: AbortSignal): Promise<void> =>
  new Promise(resolve => {
    const done = () => {
      clearTimeout(timer)
      stop.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    stop.addEventListener('abort', done)
    if (stop.aborted) done()
  })

/**
 * Sends pieces that are not what was sent last under their id, each as a replacement of the element with that id. A piece is
 * told from the last one by `key`, its HTML unless given; `shown` holds the keys of what the page shows already.
 */
export const changes = (shown: Readonly<Record<string, string>> = {}) => {
  const sent = new Map(Object.entries(shown))
  return async (send: SSEStreamingApi, id: string, piece: Piece, key?: string): Promise<void> => {
    const text = String(await piece)
    if (sent.get(id) === (key ?? text)) return
    sent.set(id, key ?? text)
    await send.writeSSE({ data: `<hx-partial hx-target="#${id}" hx-swap="outerMorph">${text}</hx-partial>` })
  }
}
