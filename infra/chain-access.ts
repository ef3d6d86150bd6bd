import { decodeFunctionResult, encodeAbiParameters, keccak256, stringToHex } from 'viem'
import type { ChainAddresses, Hex, Sent } from './chain-api.ts'
import { type ContractName, contracts, encodeCall } from './chain-contracts.ts'
import type { Evm } from './chain-evm.ts'
import { callOf, refusal, type Sender, sentOf } from './chain-send.ts'
import { type Authorization, authorize, type Role, TOKEN_DOMAIN, type Wallet } from './chain-wallets.ts'

/** Arguments of a call, or how to make them: asked only when the key was not sent before. */
export type Args = readonly unknown[] | (() => Promise<readonly unknown[]>)

/** Reading from, signing for and writing to the contracts at their addresses. */
export interface Access {
  /** A view at the time that the next block would have. */
  read<T>(contract: ContractName, functionName: string, ...args: unknown[]): Promise<T>
  /** What any contract returns for calldata, at that time; throws what the node answers. */
  call(to: Hex, data: Hex): Promise<Hex>
  /** Of the next block, Unix seconds. */
  time(): Promise<bigint>
  write(role: Role, key: string, contract: ContractName, name: string, args: Args): Promise<Sent>
  /** A wallet's ERC-3009 authorisation, valid for a day of chain time: it is used at once, or not at all. */
  signed(
    wallet: Wallet,
    kind: 'receive' | 'transfer',
    o: { to: Hex; units: bigint; nonce: Hex },
  ): Promise<Authorization>
}

const AUTHORIZATION_SECONDS = 86_400n

/** The word that names an action in the contracts: keccak256("tributary/<action>"). */
export const tag = (action: string): Hex => keccak256(stringToHex(`tributary/${action}`))

/** The word that a key of the journal becomes where a contract wants a salt. */
export const saltOf = (key: string): Hex => keccak256(stringToHex(key))

/** keccak256(abi.encode(words...)): what a contract computes as the nonce of an action. */
export const nonceOf = (...words: readonly Hex[]): Hex =>
  keccak256(
    encodeAbiParameters(
      words.map(() => ({ type: 'bytes32' })),
      words,
    ),
  )

export const openAccess = (o: {
  evm: Evm
  sender: Sender
  chainId: number
  addresses: ChainAddresses
}): Access => {
  const { evm, sender, chainId, addresses } = o
  const at = {
    AccessManager: addresses.manager,
    Token: addresses.token,
    Registry: addresses.registry,
    Rewards: addresses.rewards,
  }
  const tokenDomain = { ...TOKEN_DOMAIN, chainId, verifyingContract: addresses.token }

  const call = async (to: Hex, data: Hex): Promise<Hex> => {
    const time = evm.nextTime()
    const overrides = time === null ? [] : [{}, { time: `0x${time.toString(16)}` }]
    return (await evm.rpc('eth_call', [{ to, data }, 'latest', ...overrides])) as Hex
  }

  const read = async <T>(contract: ContractName, functionName: string, ...args: unknown[]): Promise<T> => {
    try {
      const data = await call(at[contract], encodeCall(contract, functionName, args))
      return decodeFunctionResult({ abi: contracts[contract].abi, functionName, data }) as T
    } catch (error) {
      throw refusal(`${contract}.${functionName}`, error)
    }
  }

  const time = async (): Promise<bigint> => {
    const next = evm.nextTime()
    if (next !== null) return next
    const block = (await evm.rpc('eth_getBlockByNumber', ['latest', false])) as { timestamp: Hex }
    return BigInt(block.timestamp)
  }

  const write = async (
    role: Role,
    key: string,
    contract: ContractName,
    name: string,
    args: Args,
  ): Promise<Sent> =>
    sentOf(
      await sender.send(key, async () =>
        callOf(role, contract, at[contract], name, typeof args === 'function' ? await args() : args),
      ),
    )

  return {
    read,
    call,
    time,
    write,
    signed: async (wallet, kind, { to, units, nonce }) =>
      authorize(wallet, tokenDomain, kind, {
        to,
        units,
        nonce,
        validBefore: (await time()) + AUTHORIZATION_SECONDS,
      }),
  }
}
