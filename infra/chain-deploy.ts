import { type Abi, concatHex, encodeAbiParameters, getAddress, keccak256, toFunctionSelector } from 'viem'
import type { ChainAddresses, Hex } from './chain-api.ts'
import { CONTRACT_NAMES, type ContractName, contracts, encodeCall } from './chain-contracts.ts'
import type { Evm } from './chain-evm.ts'
import { callOf, type Sender } from './chain-send.ts'
import type { Wallets } from './chain-wallets.ts'
import type { Db } from './db.ts'
import { fault } from './errors.ts'

/** What the contracts are created with; fixed for their life. */
export interface DeploymentTerms {
  /** Seconds in which a poll's result can be disputed. */
  readonly disputeWindowSeconds: number
  /** Seconds before a payout root becomes active. */
  readonly challengeWindowSeconds: number
  /** Seconds between an accusation and a slash. */
  readonly objectionWindowSeconds: number
  /** Seconds from a proposal to its deadline. */
  readonly deliverySeconds: number
  readonly leastBondUnits: bigint
  readonly challengeBondUnits: bigint
}

/** Minutes where everybody watches one machine. */
export const embeddedTerms: DeploymentTerms = {
  disputeWindowSeconds: 600,
  challengeWindowSeconds: 600,
  objectionWindowSeconds: 600,
  deliverySeconds: 90 * 86_400,
  leastBondUnits: 1_000_000n,
  challengeBondUnits: 1_000_000n,
}

/** Days where people live in all time zones. */
export const outsideTerms: DeploymentTerms = {
  ...embeddedTerms,
  disputeWindowSeconds: 3 * 86_400,
  challengeWindowSeconds: 3 * 86_400,
  objectionWindowSeconds: 7 * 86_400,
}

/** Roles of the access manager: number, holder, and the functions it may call. Number 0, the admin, is the operator. */
const ROLES = [
  { id: 1n, holder: 'arbiter', may: { Registry: ['resolvePoll', 'accuse', 'slash'], Rewards: ['resolve'] } },
  {
    id: 2n,
    holder: 'guardian',
    may: { Registry: ['dropAccusation', 'markTakedown'], Rewards: ['freeze', 'setPause'] },
  },
  { id: 3n, holder: 'operator', may: { Token: ['mint'] } },
] as const

type Addresses = Record<ContractName, Hex>
interface Deployment {
  contract: ContractName
  chainId: bigint
  address: Hex
  codeHash: Hex
}

const selectorsOf = (contract: ContractName, names: readonly string[]): Hex[] =>
  (contracts[contract].abi as Abi).flatMap(item =>
    item.type === 'function' && names.includes(item.name) ? [toFunctionSelector(item)] : [],
  )

const creation = (contract: ContractName, args: readonly unknown[]): Hex => {
  const { abi, bytecode } = contracts[contract]
  const initial = abi.find(item => item.type === 'constructor')
  return initial === undefined ? bytecode : concatHex([bytecode, encodeAbiParameters(initial.inputs, args)])
}

const codeHash = async (evm: Evm, address: Hex): Promise<Hex | null> => {
  const code = (await evm.rpc('eth_getCode', [address, 'latest'])) as Hex
  return code === '0x' ? null : keccak256(code)
}

/** One call that gives every role its holder and its functions. */
const roleCalls = (at: Addresses, wallets: Wallets): Hex[] =>
  ROLES.flatMap(({ id, holder, may }) => [
    encodeCall('AccessManager', 'grantRole', [id, wallets.role(holder).address, 0]),
    ...Object.entries(may).map(([contract, names]) => {
      const name = contract as ContractName
      return encodeCall('AccessManager', 'setTargetFunctionRole', [at[name], selectorsOf(name, names), id])
    }),
  ])

const deploy = async (o: {
  sender: Sender
  wallets: Wallets
  terms: DeploymentTerms
}): Promise<Addresses> => {
  const { sender, wallets, terms } = o
  const create = async (contract: ContractName, args: readonly unknown[]): Promise<Hex> => {
    const order = {
      role: 'operator' as const,
      call: `create ${contract}`,
      to: null,
      data: creation(contract, args),
    }
    const entry = await sender.send(`deploy/${contract}`, async () => order)
    return getAddress(entry.receipt?.contractAddress as Hex)
  }
  const operator = wallets.role('operator').address
  const treasury = wallets.role('treasurer').address
  const AccessManager = await create('AccessManager', [operator])
  const Token = await create('Token', [AccessManager])
  const registryTerms = [terms.leastBondUnits, terms.disputeWindowSeconds, terms.objectionWindowSeconds]
  const Registry = await create('Registry', [
    AccessManager,
    Token,
    treasury,
    ...registryTerms,
    terms.deliverySeconds,
  ])
  const rewardTerms = [terms.challengeWindowSeconds, terms.challengeBondUnits]
  const Rewards = await create('Rewards', [AccessManager, Token, treasury, ...rewardTerms])
  const at = { AccessManager, Token, Registry, Rewards }
  const set = (key: string, contract: ContractName, name: string, args: readonly unknown[]) =>
    sender.send(`deploy/${key}`, async () => callOf('operator', contract, at[contract], name, args))
  await set('roles', 'AccessManager', 'multicall', [roleCalls(at, wallets)])
  await set('registrar', 'Registry', 'appointRegistrar', [operator])
  await set('poster', 'Rewards', 'appointPoster', [wallets.role('poster').address])
  return at
}

const check = async (evm: Evm, chainId: number, recorded: readonly Deployment[]): Promise<void> => {
  for (const { contract, chainId: theirs, address, codeHash: expected } of recorded) {
    if (theirs !== BigInt(chainId))
      throw fault(
        'chain-wrong-id',
        `The contracts of this data folder are on chain ${theirs}, not on ${chainId}.`,
        {
          fix: `Set CHAIN_RPC_URL to a node of chain ${theirs}, or start with another data folder.`,
          facts: { recorded: Number(theirs), connected: chainId },
          blame: 'operator',
        },
      )
    const found = await codeHash(evm, address)
    if (found !== expected)
      throw fault(
        'chain-code-missing',
        `${contract} is not at ${address}: ${found ? 'other' : 'no'} code is there.`,
        {
          fix: 'Set CHAIN_RPC_URL to the chain that the contracts were deployed on, or start with another data folder.',
          facts: { contract, address },
          blame: 'operator',
        },
      )
  }
}

/**
 * Finds the contracts that the database records, or deploys them. A kill between two steps is no harm: each has its key.
 * Throws `chain-wrong-id` and `chain-code-missing` when the chain at hand is not the one of the record.
 */
export const openDeployment = async (o: {
  db: Db
  evm: Evm
  sender: Sender
  wallets: Wallets
  chainId: number
  terms: DeploymentTerms
}): Promise<Addresses> => {
  const { db, evm, chainId } = o
  const select =
    'select contract, chain_id as "chainId", address, code_hash as "codeHash" from chain_deployments'
  const recorded = await db.query<Deployment>(select)
  await check(evm, chainId, recorded)
  if (recorded.length === CONTRACT_NAMES.length)
    return Object.fromEntries(recorded.map(({ contract, address }) => [contract, address])) as Addresses
  const at = await deploy(o)
  for (const contract of CONTRACT_NAMES) {
    const insert = `insert into chain_deployments (contract, chain_id, address, code_hash) values ($1, $2, $3, $4)
      on conflict (contract) do nothing`
    await db.query(insert, [contract, chainId, at[contract], await codeHash(evm, at[contract])])
  }
  return at
}

export const addressesOf = (at: Addresses, wallets: Wallets): ChainAddresses => ({
  manager: at.AccessManager,
  token: at.Token,
  registry: at.Registry,
  rewards: at.Rewards,
  treasury: wallets.role('treasurer').address,
  operator: wallets.role('operator').address,
})
