import { type PayWith, TributaryClient, verify } from 'tributary'

/** What of an agent's card is read here (A2A 1.0). */
interface Card {
  readonly name: string
  readonly provider?: { readonly url: string }
  readonly capabilities: {
    readonly extensions?: readonly {
      readonly uri: string
      readonly params?: { readonly agents?: readonly Listed[] }
    }[]
  }
}

interface Listed {
  readonly name: string
  readonly description: string
}

/**
 * An agent that knows nothing of a network but an address: it reads the node's A2A card, looks for a model whose purpose
 * speaks of `topic`, sees the price, pays it by x402 from its own wallet if it is within its budget, and checks the receipt
 * of the answer by itself. It has no account and no key.
 */
export const askStranger = async (
  address: string,
  topic: RegExp,
  question: string,
  purse: Omit<PayWith, 'asset'>,
) => {
  const card = (await (await fetch(`${address}.well-known/agent-card.json`)).json()) as Card
  const listed = card.capabilities.extensions?.find(({ uri }) => uri === 'urn:tributary:a2a:agents')
  const model = listed?.params?.agents?.find(({ description }) => topic.test(description))
  if (model === undefined) throw new Error(`${card.name} has no model for ${topic}.`)

  const url = card.provider?.url ?? address
  const offers = await new TributaryClient({ url }).price(model.name, question)
  const offer = offers.find(({ network, units }) => network === purse.network && units <= purse.atMostUnits)
  if (offer === undefined) throw new Error(`${model.name} is too dear, or paid otherwise.`)

  const client = new TributaryClient({ url, payWith: { ...purse, asset: offer.asset } })
  const said = await client.call('ask', { model: model.name, question })
  const proof = await client.proof(said.receiptId)
  const publicKey = await client.publicKey()
  // From here on the node is not needed: what was kept proves who said what, for which price.
  const verified = verify(proof, { publicKey, said })
  return { model: said.model, answer: said.answer, paidUnits: offer.units, proof, publicKey, verified }
}
