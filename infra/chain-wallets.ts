import { toHex } from 'viem'
import { HDKey, type PrivateKeyAccount, privateKeyToAccount } from 'viem/accounts'
import type { Hex } from './chain-api.ts'

/** The node's own keys, each for one role, so that the poster of a root is never the arbiter of its challenge. */
export type Role = 'operator' | 'poster' | 'arbiter' | 'guardian' | 'treasurer'

const ROLES: readonly Role[] = ['operator', 'poster', 'arbiter', 'guardian', 'treasurer']
/** Largest index of a BIP-32 key that is not hardened. */
const MAX_INDEX = 2 ** 31 - 1

export type Wallet = PrivateKeyAccount

/** Custodial wallets of people are m/44'/60'/0'/0/<index>; the node's own are m/44'/60'/1'/0/<role>. */
export interface Wallets {
  role(role: Role): Wallet
  person(index: number): Wallet
}

export interface Domain {
  readonly name: string
  readonly version: string
  readonly chainId: number
  readonly verifyingContract: Hex
}

/** What infra/contracts/Token.sol calls itself in what wallets sign. */
export const TOKEN_DOMAIN = { name: 'Tributary Credit', version: '1' } as const

/** Solidity's struct Authorization, in its order. */
export interface Authorization {
  readonly validAfter: bigint
  readonly validBefore: bigint
  readonly v: number
  readonly r: Hex
  readonly s: Hex
}

/** Derives wallets from the master seed. Throws RangeError on an index outside 0..2^31-1. */
export const openWallets = (seed: Uint8Array): Wallets => {
  const root = HDKey.fromMasterSeed(seed)
  const people = root.derive("m/44'/60'/0'/0")
  const node = root.derive("m/44'/60'/1'/0")
  const derive = (parent: HDKey, index: number): Wallet => {
    if (!Number.isInteger(index) || index < 0 || index > MAX_INDEX)
      throw new RangeError(`A wallet's number is a whole number from 0 to ${MAX_INDEX}, not ${index}.`)
    return privateKeyToAccount(toHex(parent.deriveChild(index).privateKey as Uint8Array))
  }
  const own = new Map(ROLES.map((role, index) => [role, derive(node, index)]))
  return {
    role: role => own.get(role) as Wallet,
    person: index => derive(people, index),
  }
}

/** Of ERC-3009's typed data. */
export const AUTHORIZATION_FIELDS = [
  { name: 'from', type: 'address' },
  { name: 'to', type: 'address' },
  { name: 'value', type: 'uint256' },
  { name: 'validAfter', type: 'uint256' },
  { name: 'validBefore', type: 'uint256' },
  { name: 'nonce', type: 'bytes32' },
] as const

/**
 * Signs an ERC-3009 authorisation: `receive` can be used by the receiving contract only, `transfer` by anybody.
 * `validBefore` is in Unix seconds of chain time; the nonce names the action that it pays for.
 */
export const authorize = async (
  wallet: Wallet,
  domain: Domain,
  kind: 'receive' | 'transfer',
  o: { to: Hex; units: bigint; nonce: Hex; validBefore: bigint },
): Promise<Authorization> => {
  const message = {
    from: wallet.address,
    to: o.to,
    value: o.units,
    validAfter: 0n,
    validBefore: o.validBefore,
    nonce: o.nonce,
  }
  const typed =
    kind === 'receive'
      ? { primaryType: 'ReceiveWithAuthorization', types: { ReceiveWithAuthorization: AUTHORIZATION_FIELDS } }
      : {
          primaryType: 'TransferWithAuthorization',
          types: { TransferWithAuthorization: AUTHORIZATION_FIELDS },
        }
  const signature = await wallet.signTypedData({ domain, message, ...typed } as Parameters<
    Wallet['signTypedData']
  >[0])
  return {
    validAfter: 0n,
    validBefore: o.validBefore,
    r: signature.slice(0, 66) as Hex,
    s: `0x${signature.slice(66, 130)}`,
    v: Number.parseInt(signature.slice(130, 132), 16),
  }
}
