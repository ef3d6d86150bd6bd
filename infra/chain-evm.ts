import type { Hex, TransactionReceipt } from './chain-api.ts'
import type { Entry } from './chain-journal.ts'
import type { Rpc } from './chain-rpc.ts'

export interface Mined {
  readonly blockNumber: bigint
  readonly blockTimestamp: bigint
  readonly receipt: TransactionReceipt
}

/** A chain that transactions can be put on: the embedded one, or one behind a URL. */
export interface Evm {
  readonly embedded: boolean
  readonly pid: number | null
  /** For reads: waits for a chain that is being rebuilt, and asks again when it went away meanwhile. */
  readonly rpc: Rpc
  /** The time that the next block will have, Unix seconds; null where others make the blocks. */
  nextTime(): bigint | null
  /** Broadcasts a journaled transaction and waits for its block. Doing it again finds the first one. */
  include(entry: Entry): Promise<Mined>
  /** Embedded only: puts an empty block at the entry's time. */
  pass(entry: Entry): Promise<Mined>
  /** Told once the journal holds an entry's outcome: the embedded chain dumps its state now and then, never ahead of it. */
  settled(entry: Entry): Promise<void>
  close(): Promise<void>
}

/** How long one answer of a node may take. */
export const RPC_DEADLINE_MS = 30_000

interface RawReceipt {
  status: Hex
  gasUsed: Hex
  blockNumber: Hex
  contractAddress: Hex | null
  logs: { address: Hex; topics: Hex[]; data: Hex }[]
}

/** The outcome of a transaction that a block holds, or null. `time` is the block's time where it is known. */
export const readReceipt = async (rpc: Rpc, hash: Hex, time?: bigint): Promise<Mined | null> => {
  const raw = (await rpc('eth_getTransactionReceipt', [hash])) as RawReceipt | null
  if (raw === null) return null
  const timeOf = async (): Promise<bigint> =>
    BigInt(((await rpc('eth_getBlockByNumber', [raw.blockNumber, false])) as { timestamp: Hex }).timestamp)
  return {
    blockNumber: BigInt(raw.blockNumber),
    blockTimestamp: time ?? (await timeOf()),
    receipt: {
      status: BigInt(raw.status) === 1n ? 'success' : 'reverted',
      gasUsed: BigInt(raw.gasUsed).toString(),
      contractAddress: raw.contractAddress,
      logs: raw.logs.map(({ address, topics, data }) => ({ address, topics, data })),
    },
  }
}

/** What the journal says became of an entry, or null while it is pending. */
export const outcomeOf = ({ blockNumber, blockTimestamp, receipt }: Entry): Mined | null =>
  blockNumber === null || blockTimestamp === null || receipt === null
    ? null
    : { blockNumber, blockTimestamp, receipt }
