import { isFault, type PayWith, TributaryClient, tools, verify } from 'tributary'

/** The blocks of code in tools/client/README.md stand here word for word, so that they are checked and run. */

export const quick = async (url: string, apiKey: string, write: (text: string) => void) => {
  const client = new TributaryClient({ url, apiKey })

  const [model] = await client.models()
  const said = await client.ask(model!.name, 'What is a nuc?', { onText: write })

  return said
}

export const typed = async (client: TributaryClient) => {
  const { proposals } = await client.call('status', {})
  const { receiptId } = await client.call('vote', { proposal: 'wasps', choice: 'yes' })

  return { proposals, receiptId }
}

export const errors = async (client: TributaryClient, write: (text: string) => void) => {
  try {
    const input = { model: 'hornets', question: 'What is a nuc?' }
    await client.call('ask', input, { idempotencyKey: 'my-question-1' })
  } catch (error) {
    if (!isFault(error, 'model-unknown')) throw error
    write(`${error.message} ${error.fix}`)
  }
}

export const proving = async (client: TributaryClient) => {
  const said = await client.call('ask', { model: 'bees', question: 'What is a nuc?' })
  const proof = await client.proof(said.receiptId)
  const publicKey = await client.publicKey()

  const { ok, checks } = verify(proof, { publicKey, said })

  return { ok, checks }
}

export const paying = async (url: string, signer: PayWith['signer']) => {
  const [offer] = await new TributaryClient({ url }).price('bees', 'What is a nuc?')

  const { network, asset } = offer!
  const client = new TributaryClient({ url, payWith: { signer, network, asset, atMostUnits: 100_000n } })
  const said = await client.ask('bees', 'What is a nuc?')

  return { offer, said }
}

export const following = async (
  client: TributaryClient,
  write: (text: string) => void,
  signal: AbortSignal,
) => {
  for await (const { seq, kind, subject } of client.events({ after: 0, signal }))
    write(`${seq} ${kind} ${subject}`)
}

export const toolbox = async (client: TributaryClient) => {
  const verbs = await tools(client, { only: ['models', 'ask', 'explain'] })

  return verbs
}
