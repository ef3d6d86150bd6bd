import { lost } from './refusal.ts'

/** One event of a `text/event-stream`. */
export interface ServerSent {
  readonly id: string | null
  readonly event: string
  readonly data: string
}

/** Reads the events of a stream as they come, by the rules of the HTML standard. Throws `node-unreachable` when it breaks off. */
export async function* serverSent(
  response: Response,
  url: string,
  alive: () => void = () => {},
): AsyncGenerator<ServerSent> {
  const decoder = new TextDecoder()
  let rest = ''
  let fields = new Map<string, string>()
  for await (const bytes of pieces(response, url)) {
    alive()
    rest += decoder.decode(bytes, { stream: true })
    // A line may end with CR LF, and the two may come apart.
    const lines = rest.split(/\r\n|\n|\r(?!$)/)
    rest = lines.pop() ?? ''
    for (const line of lines) {
      if (line === '') {
        const data = fields.get('data')
        if (data !== undefined)
          yield { id: fields.get('id') ?? null, event: fields.get('event') ?? 'message', data }
        fields = new Map()
      } else if (!line.startsWith(':')) take(fields, line)
    }
  }
}

const take = (fields: Map<string, string>, line: string): void => {
  const [, name = '', value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? []
  const before = name === 'data' ? fields.get('data') : undefined
  fields.set(name, before === undefined ? value : `${before}\n${value}`)
}

async function* pieces(response: Response, url: string): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader()
  if (reader === undefined) return
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((error: unknown) => {
        throw lost(url, error)
      })
      if (done) return
      yield value
    }
  } finally {
    // Whoever stops listening lets go of the connection.
    await reader.cancel().catch(() => {})
  }
}
