import type { ClientEvmSigner } from '@x402/evm'
import { fault } from '../../infra/errors.ts'

/** What signs payments, such as a viem account. */
export type Signer = Pick<ClientEvmSigner, 'address' | 'signTypedData'>

/** Who pays for requests by x402, in which token and how much at most: nothing else is ever signed. */
export interface PayWith {
  readonly signer: Signer
  /** CAIP-2, such as `eip155:8453`. */
  readonly network: string
  /** The token's contract. */
  readonly asset: string
  /** For one request, in the token's smallest unit. */
  readonly atMostUnits: bigint
}

/** What a node takes for a request. */
export interface Offer {
  readonly network: string
  readonly asset: string
  readonly units: bigint
  readonly payTo: string
}

/** The offers in the headers of HTTP 402; none where it asks for no payment by x402. Throws `payment-unreadable`. */
export const offersOf = async (refusal: Headers): Promise<Offer[]> => {
  if (refusal.get('payment-required') === null) return []
  const { x402Client, x402HTTPClient } = await import('@x402/fetch')
  const { accepts } = readOffer(new x402HTTPClient(new x402Client()), refusal)
  return accepts
    .filter(({ scheme }) => scheme === 'exact')
    .map(({ network, asset, amount, payTo }) => ({ network, asset, units: BigInt(amount), payTo }))
}

/**
 * Makes the header that pays what the headers of HTTP 402 ask for; null where they ask for no payment by x402. The libraries
 * are loaded when the first payment is due. Throws `payment-unwanted` where the node wants more, or another token, and
 * `payment-unreadable`.
 */
export const payer = ({ signer, network, asset, atMostUnits }: PayWith) => {
  const open = async () => {
    const [{ x402Client, x402HTTPClient }, { ExactEvmScheme }] = await Promise.all([
      import('@x402/fetch'),
      import('@x402/evm/exact/client'),
    ])
    const chain = network as `${string}:${string}`
    const client = x402Client.fromConfig({
      schemes: [{ network: chain, client: new ExactEvmScheme(signer) }],
      spendControls: {
        maxAmountPerPayment: false,
        allowedAssets: [{ network: chain, asset, maxAmountPerPayment: atMostUnits.toString() }],
      },
      policies: [
        (_, offers) =>
          offers.filter(
            offer => offer.asset.toLowerCase() === asset.toLowerCase() && BigInt(offer.amount) <= atMostUnits,
          ),
      ],
    })
    return new x402HTTPClient(client)
  }
  let opened: ReturnType<typeof open> | undefined
  return async (refusal: Headers): Promise<Record<string, string> | null> => {
    if (refusal.get('payment-required') === null) return null
    opened ??= open()
    const client = await opened
    const offer = readOffer(client, refusal)
    const payment = await client.createPaymentPayload(offer).catch((cause: unknown) => {
      throw fault('payment-unwanted', 'The node wants another payment than you allow.', {
        fix: `It takes ${offer.accepts.map(({ amount, asset, network }) => `${amount} of ${asset} on ${network}`).join(' or ')}: allow that in payWith, or do not ask.`,
        cause,
      })
    })
    return client.encodePaymentSignatureHeader(payment)
  }
}

const readOffer = (
  client: { getPaymentRequiredResponse(header: (name: string) => string | null): Offers },
  refusal: Headers,
): Offers => {
  try {
    return client.getPaymentRequiredResponse(name => refusal.get(name))
  } catch (cause) {
    throw fault('payment-unreadable', 'The node’s price cannot be read.', {
      fix: 'Ask its operator.',
      blame: 'world',
      cause,
    })
  }
}

type Offers = ReturnType<
  InstanceType<typeof import('@x402/fetch').x402HTTPClient>['getPaymentRequiredResponse']
>
