import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'

export type Era = 'legacy' | 'modern'

export interface Connected {
  readonly client: Client
  /** What the person was asked so far. */
  readonly asked: string[]
  close(): Promise<void>
}

/** What the person behind a client says to a question; absent: the client cannot ask. */
export type Answers = () => 'accept' | 'decline' | 'cancel'

/** A real client in one of the two eras. */
export const openClient = (era: Era, answers?: Answers): { client: Client; asked: string[] } => {
  const client = new Client(
    { name: 'test', version: '1' },
    {
      capabilities: answers === undefined ? {} : { elicitation: {} },
      versionNegotiation: { mode: era === 'modern' ? { pin: '2026-07-28' } : 'legacy' },
    },
  )
  const asked: string[] = []
  if (answers !== undefined)
    client.setRequestHandler('elicitation/create', ({ params }) => {
      asked.push(params.message)
      const action = answers()
      return action === 'accept' ? { action, content: {} } : { action }
    })
  return { client, asked }
}

/** Connects over HTTP, with a key or as nobody in particular. */
export const connect = async (
  url: string,
  era: Era,
  { key, answers }: { key?: string; answers?: Answers } = {},
): Promise<Connected> => {
  const { client, asked } = openClient(era, answers)
  const headers = key === undefined ? {} : { authorization: `Bearer ${key}` }
  await client.connect(new StreamableHTTPClientTransport(new URL('mcp', url), { requestInit: { headers } }))
  return { client, asked, close: () => client.close() }
}
