import { keccak256 } from 'viem'
import type { Hex, Sent } from './chain-api.ts'
import { type ContractName, encodeCall, readRevert } from './chain-contracts.ts'
import { type Evm, outcomeOf } from './chain-evm.ts'
import type { Entry, Journal } from './chain-journal.ts'
import { RpcError } from './chain-rpc.ts'
import type { Role, Wallets } from './chain-wallets.ts'
import { fault } from './errors.ts'

/** What to send: a call of one of our contracts, or the creation of one (`to` null). */
export interface Order {
  readonly role: Role
  readonly call: string
  readonly to: Hex | null
  readonly data: Hex
}

export interface Sender {
  /** Sends the order that `build` makes, once per key; `build` is not asked again for a key that was sent. */
  send(key: string, build: () => Promise<Order>): Promise<Entry & { readonly hash: Hex }>
  advance(key: string, seconds: bigint): Promise<void>
  /** Broadcasts what was journaled but is in no block. */
  finish(): Promise<void>
}

/** On the embedded chain gas is free, so no estimate is made: just under the cap of a transaction (EIP-7825). */
const EMBEDDED_GAS = 16_000_000n

const plain = (value: unknown): string =>
  Array.isArray(value)
    ? value.map(plain).join(',')
    : typeof value === 'bigint'
      ? value.toString()
      : String(value)

const fixes: Readonly<Record<string, string>> = {
  ERC20InsufficientBalance: 'Deposit more tokens to that wallet, or ask for less.',
  WrongStatus: 'Look at the status of the proposal: this step is not open now.',
  RootPending: 'Wait until the window of the pending root is over.',
  NotFunded: 'Fund the rewards with the missing units first.',
  NotInTree: 'Build the proof again from the file of the active root.',
  AccessManagedUnauthorized: 'Use the account that holds the role.',
}

/** Turns a refused simulation into a fault that names the contract's own error. Other errors pass as they are. */
export const refusal = (call: string, error: unknown): unknown => {
  if (!(error instanceof RpcError)) return error
  const revert = error.data === null ? null : readRevert(error.data)
  const name = revert?.error ?? error.message
  const args = revert === null ? '' : plain(revert.args)
  return fault('chain-reverted', `The contract refused ${call}: ${name}(${args}).`, {
    fix: fixes[name] ?? 'Check the arguments against the contract’s interface in infra/contracts.',
    facts: { call, error: name, args },
    blame: name === 'ERC20InsufficientBalance' ? 'person' : 'ours',
    cause: error,
  })
}

const quantity = (n: bigint): Hex => `0x${n.toString(16)}`

/** Fees of an outside chain: twice the base fee, so that six full blocks in a row do not strand the transaction. */
const fees = async (evm: Evm): Promise<{ maxFeePerGas: bigint; maxPriorityFeePerGas: bigint }> => {
  const block = (await evm.rpc('eth_getBlockByNumber', ['latest', false])) as { baseFeePerGas?: Hex }
  const maxPriorityFeePerGas = BigInt((await evm.rpc('eth_maxPriorityFeePerGas')) as Hex)
  return { maxFeePerGas: 2n * BigInt(block.baseFeePerGas ?? 0n) + maxPriorityFeePerGas, maxPriorityFeePerGas }
}

const unfunded = (order: Order, from: Hex, short: bigint): Error =>
  fault('gas-too-little', `The ${order.role} key ${from} cannot pay the gas of ${order.call}.`, {
    fix: `Send at least ${short} wei to ${from}, then repeat the call.`,
    facts: { role: order.role, address: from, shortWei: String(short) },
    retry: true,
    blame: 'operator',
  })

/** The one line through which every transaction of this node goes: one at a time, journaled, then broadcast, then settled. */
export const openSender = (o: { evm: Evm; journal: Journal; wallets: Wallets; chainId: number }): Sender => {
  const { evm, journal, wallets, chainId } = o
  let tail: Promise<unknown> = Promise.resolve()
  const inLine = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = tail.then(work)
    tail = mine.catch(() => {})
    return mine
  }

  /** Gas limit and fees; refuses here what a contract would refuse, before anything is journaled. */
  const priced = async (order: Order, from: Hex) => {
    const request = { from, data: order.data, ...(order.to === null ? {} : { to: order.to }) }
    try {
      const time = evm.nextTime()
      if (time === null) {
        const estimate = BigInt((await evm.rpc('eth_estimateGas', [request])) as Hex)
        const price = { gas: (estimate * 5n) / 4n, ...(await fees(evm)) }
        const balance = BigInt((await evm.rpc('eth_getBalance', [from, 'latest'])) as Hex)
        const short = price.gas * price.maxFeePerGas - balance
        if (short > 0n) throw unfunded(order, from, short)
        return price
      }
      const call = { ...request, gas: quantity(EMBEDDED_GAS) }
      await evm.rpc('eth_call', [call, 'latest', {}, { time: quantity(time) }])
      return { gas: EMBEDDED_GAS, maxFeePerGas: 0n, maxPriorityFeePerGas: 0n }
    } catch (error) {
      throw refusal(order.call, error)
    }
  }

  const nonceOf = async (address: Hex): Promise<bigint> => {
    const journaled = await journal.nextNonce(address)
    if (evm.embedded) return journaled
    const onChain = BigInt((await evm.rpc('eth_getTransactionCount', [address, 'pending'])) as Hex)
    return journaled > onChain ? journaled : onChain
  }

  const record = async (key: string, order: Order): Promise<Entry> => {
    const wallet = wallets.role(order.role)
    const price = await priced(order, wallet.address)
    const nonce = await nonceOf(wallet.address)
    const raw = await wallet.signTransaction({
      type: 'eip1559',
      chainId,
      nonce: Number(nonce),
      data: order.data,
      ...(order.to === null ? {} : { to: order.to }),
      ...price,
    })
    const blockTimestamp = evm.nextTime()
    const { call } = order
    return journal.add({
      key,
      kind: 'call',
      call,
      sender: wallet.address,
      nonce,
      hash: keccak256(raw),
      raw,
      blockTimestamp,
    })
  }

  const settle = async (entry: Entry): Promise<Entry> => {
    const known = outcomeOf(entry)
    if (known !== null) return entry
    const mined = await (entry.kind === 'call' ? evm.include(entry) : evm.pass(entry))
    await journal.settle(entry, mined)
    await evm.settled(entry)
    return { ...entry, ...mined, status: mined.receipt.status === 'success' ? 'mined' : 'reverted' }
  }

  return {
    send: (key, build) =>
      inLine(async () => {
        const entry = await settle((await journal.find(key)) ?? (await record(key, await build())))
        if (entry.status === 'mined' && entry.hash !== null) return { ...entry, hash: entry.hash }
        throw fault('chain-reverted', `The chain reverted ${entry.call} in transaction ${entry.hash}.`, {
          fix: 'Look at the state that the call met, then send it under a new key.',
          facts: { call: entry.call, hash: entry.hash },
          blame: 'ours',
        })
      }),
    advance: (key, advanceSeconds) =>
      inLine(async () => {
        const time = evm.nextTime()
        const found = await journal.find(key)
        if (found === null && time === null) {
          throw fault('chain-embedded-only', 'Time can be moved on the embedded chain only.', {
            fix: 'Wait, or use the embedded chain.',
            blame: 'operator',
          })
        }
        const blockTimestamp = (time ?? 0n) + advanceSeconds
        await settle(
          found ??
            (await journal.add({ key, kind: 'time', call: 'advance', advanceSeconds, blockTimestamp })),
        )
      }),
    finish: () =>
      inLine(async () => {
        for (const entry of await journal.unsettled()) await settle(entry)
      }),
  }
}

/** An order that calls `contract.name(args)` at `to`. */
export const callOf = (
  role: Role,
  contract: ContractName,
  to: Hex,
  name: string,
  args: readonly unknown[],
): Order => ({ role, call: `${contract}.${name}`, to, data: encodeCall(contract, name, args) })

export const sentOf = (entry: { readonly hash: Hex }): Sent => ({ tx: entry.hash })
