const encoder = new TextEncoder()
/** A comment now and then, so that no proxy ends a stream on which nothing happens. */
const ALIVE_MS = 15_000

/**
 * Server-sent events, one for each value, until there are no more or the node closes. A client that leaves does not end the
 * work: the rest is read all the same, which is how its task is stored. `failure` makes the last event of an error.
 */
export const sse = (
  events: AsyncGenerator<unknown>,
  closing: AbortSignal,
  failure: (error: unknown) => unknown,
): Response => {
  let open = true
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      const send = (text: string): void => {
        if (open) controller.enqueue(encoder.encode(text))
      }
      const alive = setInterval(() => send(':\n\n'), ALIVE_MS)
      const end = (): void => {
        clearInterval(alive)
        closing.removeEventListener('abort', end)
        if (open) controller.close()
        open = false
      }
      closing.addEventListener('abort', end)
      if (closing.aborted) end()
      const pump = async (): Promise<void> => {
        try {
          for await (const event of events) send(`data: ${JSON.stringify(event)}\n\n`)
        } catch (error) {
          send(`event: error\ndata: ${JSON.stringify(failure(error))}\n\n`)
        } finally {
          end()
        }
      }
      void pump()
    },
    cancel() {
      open = false
    },
  })
  return new Response(body, {
    headers: {
      'content-type': 'text/event-stream',
      'cache-control': 'no-cache',
      'x-accel-buffering': 'no',
    },
  })
}
