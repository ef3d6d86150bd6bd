/** A process of its own: opens many streams at once, reads each to its end, and tells what became of them. */
interface Order {
  readonly url: string
  readonly key: string
  readonly streams: number
}

/** What became of one stream: `done` is an end that the protocol tells. */
export interface StreamEnd {
  readonly done: boolean
  readonly pieces: number
  /** Milliseconds from the request to the first piece of text. */
  readonly firstMs: number | null
  readonly fault: string | null
}

const follow = async ({ url, key }: Order, number: number): Promise<StreamEnd> => {
  const began = performance.now()
  let pieces = 0
  let firstMs: number | null = null
  try {
    const answer = await fetch(`${url}v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        model: 'bees',
        stream: true,
        messages: [{ role: 'user', content: `Question ${number}?` }],
      }),
    })
    if (!answer.ok || answer.body === null)
      return {
        done: false,
        pieces,
        firstMs,
        fault: `${answer.status} ${(await answer.text()).slice(0, 200)}`,
      }
    let rest = ''
    let done = false
    for await (const part of answer.body.pipeThrough(new TextDecoderStream())) {
      const events = `${rest}${part}`.split('\n\n')
      rest = events.pop() ?? ''
      for (const event of events) {
        const data = event.replace(/^data: /, '')
        if (data === '[DONE]') done = true
        else if (data.includes('"content":"w')) {
          firstMs ??= performance.now() - began
          pieces++
        }
      }
    }
    return { done, pieces, firstMs, fault: null }
  } catch (error) {
    return { done: false, pieces, firstMs, fault: String(error) }
  }
}

process.once('message', async (order: Order) => {
  const ends = await Promise.all(Array.from({ length: order.streams }, (_, at) => follow(order, at)))
  process.send?.(ends, () => process.exit(0))
})
