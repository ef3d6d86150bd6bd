import {
  encodeAbiParameters,
  keccak256,
  parseTransaction,
  recoverTransactionAddress,
  recoverTypedDataAddress,
  serializeSignature,
  stringToHex,
  toBytes,
} from 'viem'
import type { Hex } from './chain-api.ts'
import { type ContractName, readCall } from './chain-contracts.ts'
import { AUTHORIZATION_FIELDS, TOKEN_DOMAIN } from './chain-wallets.ts'

export interface DecodedTransaction {
  readonly hash: Hex
  readonly chainId: number
  readonly nonce: number
  /** Recovered from the signature: nobody else can have sent it. */
  readonly from: Hex
  /** null for a deployment. */
  readonly to: Hex | null
  /** null for a deployment and for calldata of no contract of ours. */
  readonly contract: ContractName | null
  readonly call: string | null
  readonly args: readonly unknown[]
}

/** Whose key signed an ERC-3009 transfer of the network's token; the six values are those of `transferWithAuthorization`. */
export const authorizationSigner = (
  domain: { chainId: number; token: Hex },
  [from, to, value, validAfter, validBefore, nonce]: readonly [Hex, Hex, bigint, bigint, bigint, Hex],
  { v, r, s }: { v: number; r: Hex; s: Hex },
): Promise<Hex> =>
  recoverTypedDataAddress({
    domain: { ...TOKEN_DOMAIN, chainId: domain.chainId, verifyingContract: domain.token },
    types: { TransferWithAuthorization: AUTHORIZATION_FIELDS },
    primaryType: 'TransferWithAuthorization',
    message: { from, to, value, validAfter, validBefore, nonce },
    signature: serializeSignature({ v: BigInt(v), r, s }),
  })

/** Reads a raw signed EIP-1559 transaction without any node. Throws viem's error on bytes that are none. */
export const decodeTransaction = async (raw: Hex): Promise<DecodedTransaction> => {
  const serialized = raw as `0x02${string}`
  const transaction = parseTransaction(serialized)
  const call = transaction.to && transaction.data ? readCall(transaction.data) : null
  return {
    hash: keccak256(raw),
    chainId: transaction.chainId,
    nonce: transaction.nonce ?? 0,
    from: await recoverTransactionAddress({ serializedTransaction: serialized }),
    to: transaction.to ?? null,
    contract: call?.contract ?? null,
    call: call?.name ?? null,
    args: call?.args ?? [],
  }
}

const twice = (encoded: Hex): Uint8Array => toBytes(keccak256(keccak256(encoded)))

const REWARD_LEAF = keccak256(stringToHex('tributary/reward-leaf'))
const BALLOT_LEAF = keccak256(stringToHex('tributary/ballot-leaf'))

/** The 32-byte leaf of Rewards: hashed twice, ready for `merkleTree`. Leaves stand in the order of their index, 0, 1, 2, ... */
export const rewardLeaf = (index: number, account: Hex, cumulativeUnits: bigint): Uint8Array =>
  twice(
    encodeAbiParameters(
      [{ type: 'bytes32' }, { type: 'uint256' }, { type: 'address' }, { type: 'uint64' }],
      [REWARD_LEAF, BigInt(index), account, cumulativeUnits],
    ),
  )

/**
 * The 32-byte leaf of a poll's ballots: hashed twice, ready for `merkleTree`. `voter` is 32 bytes that name the voter once per
 * poll (salted); `weight` is an integer in the unit that the ballot file states.
 */
export const ballotLeaf = (
  proposalId: Hex,
  ballot: { index: number; voter: Hex; choice: 'yes' | 'no'; weight: bigint },
): Uint8Array =>
  twice(
    encodeAbiParameters(
      [
        { type: 'bytes32' },
        { type: 'bytes32' },
        { type: 'uint256' },
        { type: 'bytes32' },
        { type: 'uint8' },
        { type: 'uint64' },
      ],
      [
        BALLOT_LEAF,
        proposalId,
        BigInt(ballot.index),
        ballot.voter,
        ballot.choice === 'yes' ? 1 : 0,
        ballot.weight,
      ],
    ),
  )
