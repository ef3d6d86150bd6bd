import { readFileSync } from 'node:fs'
import { type Abi, decodeErrorResult, decodeFunctionData, encodeFunctionData } from 'viem'
import type { Hex } from './chain-api.ts'

export type ContractName = 'AccessManager' | 'Token' | 'Registry' | 'Rewards'
export const CONTRACT_NAMES: readonly ContractName[] = ['AccessManager', 'Token', 'Registry', 'Rewards']

interface Contract {
  readonly abi: Abi
  readonly bytecode: Hex
}

const read = (name: ContractName): Contract => {
  const artifact: unknown = JSON.parse(
    readFileSync(new URL(`./contracts/artifacts/${name}.json`, import.meta.url), 'utf8'),
  )
  return artifact as Contract
}

/** ABI and creation code of each contract, from the committed artifacts. */
export const contracts: Readonly<Record<ContractName, Contract>> = {
  AccessManager: read('AccessManager'),
  Token: read('Token'),
  Registry: read('Registry'),
  Rewards: read('Rewards'),
}

/** Calldata of `Contract.function(args)`. */
export const encodeCall = (contract: ContractName, name: string, args: readonly unknown[]): Hex =>
  encodeFunctionData({ abi: contracts[contract].abi, functionName: name, args })

/** The contract, function and arguments that calldata names, or null for calldata of none of ours. */
export const readCall = (
  data: Hex,
): { contract: ContractName; name: string; args: readonly unknown[] } | null => {
  for (const contract of CONTRACT_NAMES) {
    try {
      const { functionName, args } = decodeFunctionData({ abi: contracts[contract].abi, data })
      return { contract, name: functionName, args: args ?? [] }
    } catch {
      // This contract has no such function: ask the next.
    }
  }
  return null
}

/** The custom error that revert data holds, or null when it is none of our contracts'. */
export const readRevert = (data: Hex): { error: string; args: readonly unknown[] } | null => {
  for (const contract of CONTRACT_NAMES) {
    try {
      const { errorName, args } = decodeErrorResult({ abi: contracts[contract].abi, data })
      return { error: errorName, args: (args ?? []) as readonly unknown[] }
    } catch {
      // This contract has no such error: ask the next.
    }
  }
  return null
}
