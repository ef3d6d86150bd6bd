import { createPublicKey } from 'node:crypto'
import { AgentCard, generateAgentCardSignature } from '@a2a-js/sdk'
import { exportJWK, type JWK } from 'jose'
import { openKeys } from '../../../infra/keys.ts'
import { keyIdOf } from '../../../infra/receipts.ts'

export interface CardSigner {
  /** A card as JSON, signed by the protocol's rules; `jku` is where the public key is found. */
  sign(card: AgentCard, jku: string): Promise<Record<string, unknown>>
  /** The public key as a JWK set. */
  keys(): Promise<{ keys: JWK[] }>
}

/**
 * Signs with the node's Ed25519 key, the one that receipts are signed with: a JWS over the card's canonical JSON. There are
 * two, as @a2a-js/sdk 1.3 makes the canonical JSON from the card as it holds it, where the security schemes get lost: the
 * first is over the JSON that is sent, as the protocol says, the second over what that SDK's client computes.
 */
export const openCardSigner = (folder: string): CardSigner => {
  const { nodeKey } = openKeys(folder)
  const kid = keyIdOf(nodeKey)
  return {
    sign: async (card, jku) => {
      const sign = generateAgentCardSignature(nodeKey, { alg: 'EdDSA', typ: 'JOSE', kid, jku })
      const json = AgentCard.toJSON(card) as Record<string, unknown>
      const [byProtocol, bySdk] = [await sign(json as unknown as AgentCard), await sign(card)]
      const signatures = [...byProtocol.signatures, ...bySdk.signatures]
      return AgentCard.toJSON({ ...card, signatures }) as Record<string, unknown>
    },
    keys: async () => ({
      keys: [{ ...(await exportJWK(createPublicKey(nodeKey))), kid, alg: 'EdDSA', use: 'sig' }],
    }),
  }
}
