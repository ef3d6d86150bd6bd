import {
  type Abi,
  decodeFunctionResult,
  encodeFunctionData,
  isAddressEqual,
  keccak256,
  type Log,
  pad,
  stringToHex,
  verifyTypedData,
} from 'viem'
import { type Access, nonceOf, saltOf, tag } from './chain-access.ts'
import type { Hex, Sent } from './chain-api.ts'
import type { Parts } from './chain-calls.ts'
import { readReceipt } from './chain-evm.ts'
import { TOKEN_DOMAIN } from './chain-wallets.ts'
import { fault, isFault } from './errors.ts'

interface ContractCall {
  readonly address: Hex
  readonly abi: readonly unknown[]
  readonly functionName: string
  readonly args?: readonly unknown[]
}

/** What a facilitator of payments works with: reads, signatures, and a write that goes through the journal. */
export interface PaymentSigner {
  getAddresses(): readonly Hex[]
  getCode(o: { address: Hex }): Promise<Hex | undefined>
  readContract(call: ContractCall): Promise<unknown>
  verifyTypedData(o: {
    address: Hex
    domain: Record<string, unknown>
    types: Record<string, unknown>
    primaryType: string
    message: Record<string, unknown>
    signature: Hex
  }): Promise<boolean>
  /** Only `transferWithAuthorization` of the token: `payment-foreign` otherwise. The same payer and nonce are sent once. */
  writeContract(call: ContractCall & { readonly args: readonly unknown[] }): Promise<Hex>
  /** Always `payment-foreign`: the node deploys nobody's wallet. */
  sendTransaction(): Promise<Hex>
  waitForTransactionReceipt(o: { hash: Hex }): Promise<{ status: string; logs: readonly Log[] }>
}

export interface PaymentTerms {
  readonly chainId: number
  readonly token: Hex
  readonly treasury: Hex
  /** The token's name and version, as its signatures name it. */
  readonly domain: { readonly name: string; readonly version: string }
  /** Chain time, Unix seconds; the embedded chain's runs ahead of the machine's by what `advance` added. */
  readonly time: bigint
}

/** Payments of outside wallets to the treasury by ERC-3009 authorisation, and back. */
export interface Payments {
  /** What a payer signs for; on the embedded chain nothing is asked for it. */
  paymentTerms(): Promise<PaymentTerms>
  readonly paymentSigner: PaymentSigner
  /**
   * The transaction by which an authorisation over `units` has paid the treasury, and whether this node sent it or somebody
   * else; null where it has not paid, or paid for something else. Waits for one of this node's that is under way.
   * Throws `chain-slow`, `chain-unreachable` (both: retry) and `payment-untraced`.
   */
  paymentOf(o: { payer: Hex; nonce: Hex; units: bigint }): Promise<{ tx: Hex; by: 'node' | 'other' } | null>
  /** Moves treasury tokens to an outside wallet. */
  payOut(key: string, o: { to: Hex; units: bigint }): Promise<Sent>
}

/** The journal's key of a payment. */
export const paymentKey = (payer: Hex, nonce: Hex): string =>
  `x402/${payer.toLowerCase()}/${nonce.toLowerCase()}`

const MULTICALL3 = '0xcA11bde05977b3631167028862bE2a173976CA11'
const topicOf = (event: string): Hex => keccak256(stringToHex(event))
const USED = topicOf('AuthorizationUsed(address,bytes32)')
const CANCELED = topicOf('AuthorizationCanceled(address,bytes32)')
const TRANSFER = topicOf('Transfer(address,address,uint256)')
/** Blocks asked for at once, as few as strict providers allow, and how far back an authorisation's use is looked for. */
const SPAN = 2_000n
const MOST_BLOCKS = 50_000n

const foreign = () =>
  fault('payment-foreign', 'A payment can only be a transfer of the network’s token by authorisation.', {
    fix: 'Pay with the token that the terms name, from a wallet with a key of its own.',
  })

export const paymentCalls = (o: Omit<Parts, 'newKey'> & { access: Access }): Payments => {
  const { access, evm, journal, sender, wallets, addresses } = o
  const { token, treasury } = addresses

  /** Answers a call of Multicall3 by single ones: it is on few chains, and a facilitator asks it why a payment fails. */
  const oneByOne = (calls: readonly { target: Hex; callData: Hex }[]) =>
    Promise.all(
      calls.map(({ target, callData }) =>
        access.call(target, callData).then(
          returnData => ({ success: true, returnData }),
          () => ({ success: false, returnData: '0x' }),
        ),
      ),
    )

  const paymentSigner: PaymentSigner = {
    getAddresses: () => [addresses.operator],
    getCode: async ({ address }) => (await evm.rpc('eth_getCode', [address, 'latest'])) as Hex,
    readContract: async ({ address, abi, functionName, args = [] }) => {
      if (isAddressEqual(address, MULTICALL3)) return oneByOne(args[1] as Parameters<typeof oneByOne>[0])
      const data = encodeFunctionData({ abi: abi as Abi, functionName, args })
      return decodeFunctionResult({
        abi: abi as Abi,
        functionName,
        args,
        data: await access.call(address, data),
      })
    },
    verifyTypedData: typed => verifyTypedData(typed as Parameters<typeof verifyTypedData>[0]),
    writeContract: async ({ address, abi, functionName, args }) => {
      if (!isAddressEqual(address, token) || functionName !== 'transferWithAuthorization') throw foreign()
      const data = encodeFunctionData({ abi: abi as Abi, functionName, args })
      const call = `Token.${functionName}`
      const order = { role: 'operator', call, to: token, data } as const
      return (await sender.send(paymentKey(args[0] as Hex, args[5] as Hex), async () => order)).hash
    },
    sendTransaction: async () => {
      throw foreign()
    },
    waitForTransactionReceipt: async ({ hash }) => {
      const { receipt } = (await journal.withHash(hash)) ?? (await readReceipt(evm.rpc, hash)) ?? {}
      if (receipt) return { status: receipt.status, logs: receipt.logs as unknown as readonly Log[] }
      throw fault('chain-slow', `No block holds transaction ${hash} yet.`, {
        fix: 'Repeat the call.',
        retry: true,
        blame: 'world',
      })
    },
  }

  /** Whether a transaction moved the units by this very authorisation: the token's transfer follows its use at once. */
  const paidIn = async (tx: Hex, payer: Hex, nonce: Hex, units: bigint): Promise<boolean> => {
    const logs = (await readReceipt(evm.rpc, tx))?.receipt.logs ?? []
    const used = logs.findIndex(
      ({ address, topics }) =>
        isAddressEqual(address, token) && topics.join() === [USED, pad(payer), nonce].join().toLowerCase(),
    )
    const moved = used < 0 ? undefined : logs[used + 1]
    return (
      moved !== undefined &&
      isAddressEqual(moved.address, token) &&
      moved.topics.join() === [TRANSFER, pad(payer), pad(treasury)].join().toLowerCase() &&
      BigInt(moved.data) === units
    )
  }

  /** The transaction that used or cancelled an authorisation. */
  const useOf = async (payer: Hex, nonce: Hex): Promise<Hex> => {
    const newest = BigInt((await evm.rpc('eth_blockNumber')) as Hex)
    const quantity = (n: bigint): Hex => `0x${(n < 0n ? 0n : n).toString(16)}`
    for (let to = newest; to >= 0n && newest - to < MOST_BLOCKS; to -= SPAN) {
      const range = { fromBlock: quantity(to - SPAN + 1n), toBlock: quantity(to) }
      const topics = [[USED, CANCELED], pad(payer), nonce]
      const logs = (await evm.rpc('eth_getLogs', [{ address: token, topics, ...range }])) as {
        transactionHash: Hex
      }[]
      if (logs[0] !== undefined) return logs[0].transactionHash
    }
    throw fault('payment-untraced', 'An authorisation was used, and no recent block says where.', {
      fix: 'Look up AuthorizationUsed of that payer and nonce in the token’s events.',
      facts: { payer, nonce },
      blame: 'operator',
    })
  }

  return {
    paymentTerms: async () => ({
      chainId: o.chainId,
      token,
      treasury,
      domain: TOKEN_DOMAIN,
      time: await access.time(),
    }),
    paymentSigner,
    paymentOf: async ({ payer, nonce, units }) => {
      const key = paymentKey(payer, nonce)
      const entry = await journal.find(key)
      if (entry?.status === 'mined') return { tx: entry.hash as Hex, by: 'node' }
      if (entry !== null) {
        const sent = await sender
          .send(key, () => Promise.reject(foreign()))
          .catch(error => {
            // Somebody was faster: their transaction may have paid.
            if (isFault(error, 'chain-reverted')) return null
            throw error
          })
        if (sent !== null) return { tx: sent.hash, by: 'node' }
      }
      if (!(await access.read<boolean>('Token', 'authorizationState', payer, nonce))) return null
      const tx = await useOf(payer, nonce)
      // What this node sent under another key, such as a deposit, is in the books as that.
      if ((await journal.withHash(tx)) !== null) return null
      return (await paidIn(tx, payer, nonce, units)) ? { tx, by: 'other' } : null
    },
    payOut: (key, { to, units }) =>
      access.write('operator', key, 'Token', 'transferWithAuthorization', async () => {
        const treasurer = wallets.role('treasurer')
        const nonce = nonceOf(tag('pay-out'), saltOf(key))
        const a = await access.signed(treasurer, 'transfer', { to, units, nonce })
        return [treasury, to, units, a.validAfter, a.validBefore, nonce, a.v, a.r, a.s]
      }),
  }
}
