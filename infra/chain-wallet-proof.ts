import { getAddress, isAddress, verifyMessage } from 'viem'
import { createSiweMessage } from 'viem/siwe'
import type { Hex } from './chain-api.ts'

/** An address with its EIP-55 checksum; null for anything else, also for one whose mixed case contradicts its checksum. */
export const checkedAddress = (text: string): Hex | null =>
  isAddress(text, { strict: /[a-f]/.test(text.slice(2)) && /[A-F]/.test(text) }) ? getAddress(text) : null

/**
 * The text that a wallet's owner signs to prove that it is theirs (EIP-4361). `account` is the id that it shall be
 * linked to, `nonce` at least 8 letters or digits that no earlier message had.
 */
export const ownershipMessage = (o: {
  address: Hex
  account: string
  chainId: number
  nonce: string
  issuedAt: Date
  expiresAt: Date
}): string =>
  createSiweMessage({
    // A name that nobody can ever own: the network has many nodes, and none of them speaks for it.
    domain: 'tributary.invalid',
    address: o.address,
    statement: 'Pay what my account earns to this wallet.',
    uri: `urn:uuid:${o.account}`,
    version: '1',
    chainId: o.chainId,
    nonce: o.nonce,
    issuedAt: o.issuedAt,
    expirationTime: o.expiresAt,
  })

/** Whether the key of an address signed exactly this text (EIP-191). False for a contract's wallet and anything malformed. */
export const signedBy = async (address: Hex, message: string, signature: string): Promise<boolean> => {
  try {
    return await verifyMessage({ address, message, signature: signature as Hex })
  } catch {
    return false
  }
}
