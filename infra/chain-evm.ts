import { type Anvil, GENESIS_TIME, holdFolder, releaseFolder, startAnvil } from './chain-anvil.ts'
import type { Hex, TransactionReceipt } from './chain-api.ts'
import type { Entry, Journal } from './chain-journal.ts'
import { type Rpc, RpcError, rpcOver } from './chain-rpc.ts'
import { dumpedSeqs, dumpPath, dumpState, hasDump } from './chain-state.ts'
import { fault, isFault } from './errors.ts'

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

const RPC_DEADLINE_MS = 30_000
/** Entries between two dumps: a replay of that many takes about two seconds. */
const DUMP_EVERY = 500n
const pause = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms))

interface RawReceipt {
  status: Hex
  gasUsed: Hex
  blockNumber: Hex
  contractAddress: Hex | null
  logs: { address: Hex; topics: Hex[]; data: Hex }[]
}

const readReceipt = async (rpc: Rpc, hash: Hex): Promise<Mined | null> => {
  const raw = (await rpc('eth_getTransactionReceipt', [hash])) as RawReceipt | null
  if (raw === null) return null
  const block = (await rpc('eth_getBlockByNumber', [raw.blockNumber, false])) as { timestamp: Hex }
  return {
    blockNumber: BigInt(raw.blockNumber),
    blockTimestamp: BigInt(block.timestamp),
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

/**
 * Opens the embedded chain: anvil, rebuilt from the newest dump and the journal entries after it, or from all entries. When the
 * process dies or stops answering it is rebuilt the same way. Throws `chain-in-use`, `chain-binary-missing`,
 * `chain-not-started` and `chain-diverged`.
 * @param now the machine's time in Unix seconds, without what the network's clock was moved
 */
export const openEmbedded = async (o: {
  folder: string
  chainId: number
  journal: Journal
  now: () => bigint
}): Promise<Evm> => {
  const { folder, journal } = o
  holdFolder(folder)
  let anvil: Anvil | null = null
  let closed = false
  let lastTime = GENESIS_TIME
  let offset = 0n
  let sinceDump = 0n
  let running: Promise<{ anvil: Anvil; rpc: Rpc }> | null = null

  const put = async (rpc: Rpc, entry: Entry): Promise<Mined> => {
    if (entry.hash !== null) {
      const already = await readReceipt(rpc, entry.hash)
      if (already !== null) return already
      await rpc('eth_sendRawTransaction', [entry.raw])
    }
    const time = entry.blockTimestamp as bigint
    await rpc('evm_mine', [{ timestamp: Number(time) }])
    lastTime = time
    offset += entry.advanceSeconds
    const mined = entry.hash === null ? null : await readReceipt(rpc, entry.hash)
    if (mined !== null) return mined
    if (entry.hash !== null)
      throw fault('chain-stuck', `The embedded chain did not mine transaction ${entry.hash}.`, {
        fix: 'Start again; the chain is rebuilt from its journal.',
        retry: true,
        blame: 'ours',
      })
    const blockNumber = BigInt((await rpc('eth_blockNumber')) as Hex)
    const receipt: TransactionReceipt = { status: 'success', gasUsed: '0', contractAddress: null, logs: [] }
    return { blockNumber, blockTimestamp: time, receipt }
  }

  const replay = async (rpc: Rpc, after: bigint): Promise<void> => {
    for await (const entry of journal.after(after)) {
      const mined = await put(rpc, entry)
      sinceDump += 1n
      if (entry.status === 'pending') await journal.settle(entry, mined)
      else if (entry.blockNumber !== mined.blockNumber || entry.receipt?.status !== mined.receipt.status)
        throw fault(
          'chain-diverged',
          `The rebuilt chain has ${entry.call} in another block than the journal.`,
          {
            fix: 'Restore the data folder from a backup, and report this with its journal.',
            facts: { key: entry.key, seq: String(entry.seq), block: String(mined.blockNumber) },
            blame: 'ours',
          },
        )
    }
  }

  /** The newest dump that belongs to this journal. */
  const fittingDump = async (): Promise<Entry | null> => {
    for (const seq of dumpedSeqs(folder)) {
      const entry = await journal.at(seq)
      if (entry !== null && hasDump(folder, entry)) return entry
    }
    return null
  }

  const startFrom = async (dump: Entry | null): Promise<{ anvil: Anvil; rpc: Rpc }> => {
    const state = dump === null ? null : dumpPath(folder, dump)
    const started = await startAnvil({ folder, chainId: o.chainId, state })
    try {
      const rpc = rpcOver(started.url, RPC_DEADLINE_MS)
      lastTime = dump?.blockTimestamp ?? GENESIS_TIME
      offset = dump === null ? 0n : await journal.advancedUntil(dump.seq)
      sinceDump = 0n
      await replay(rpc, dump?.seq ?? 0n)
      return { anvil: started, rpc }
    } catch (error) {
      await started.kill()
      throw error
    }
  }

  const rebuild = async (): Promise<{ anvil: Anvil; rpc: Rpc }> => {
    const dump = await fittingDump()
    let up: { anvil: Anvil; rpc: Rpc }
    try {
      up = await startFrom(dump)
    } catch (error) {
      if (dump === null || isFault(error, 'chain-unreachable')) throw error
      up = await startFrom(null) // A dump that anvil does not take: the journal alone is enough.
    }
    anvil = up.anvil
    void up.anvil.exited.then(() => {
      anvil = null
      running = null
      if (!closed) ready().catch(() => {}) // The next call tries again and reports it.
    })
    return up
  }

  const ready = (): Promise<{ anvil: Anvil; rpc: Rpc }> => {
    running ??= rebuild().catch(error => {
      running = null
      throw error
    })
    return running
  }

  /** Asks the running chain; when that dies or hangs, ends it and asks the rebuilt one. */
  const asking = async <T>(ask: (rpc: Rpc) => Promise<T>): Promise<T> => {
    for (let attempt = 1; ; attempt++) {
      const up = await ready()
      try {
        return await ask(up.rpc)
      } catch (error) {
        if (closed || attempt === 3 || !isFault(error, 'chain-unreachable')) throw error
        await up.anvil.kill()
      }
    }
  }

  try {
    await ready()
  } catch (error) {
    closed = true
    releaseFolder(folder)
    throw error
  }
  return {
    embedded: true,
    get pid() {
      return anvil?.pid ?? null
    },
    rpc: (method, params) => asking(rpc => rpc(method, params)),
    nextTime: () => {
      const now = o.now() + offset
      return [now, lastTime].reduce((a, b) => (a > b ? a : b))
    },
    include: entry => asking(rpc => put(rpc, entry)),
    pass: entry =>
      asking(async rpc => {
        const now = (await journal.at(entry.seq)) as Entry
        return outcomeOf(now) ?? put(rpc, now) // a rebuild since it was journaled has replayed it
      }),
    settled: async entry => {
      sinceDump += 1n
      if (sinceDump < DUMP_EVERY) return
      sinceDump = 0n
      await asking(rpc => dumpState(folder, rpc, entry))
    },
    close: async () => {
      if (closed) return
      try {
        const last = await journal.last()
        if (last !== null && last.status !== 'pending' && sinceDump > 0n)
          await asking(rpc => dumpState(folder, rpc, last))
      } finally {
        closed = true
        await anvil?.kill()
        releaseFolder(folder)
      }
    },
  }
}

/** How long an outside chain may take to put a transaction into a block. */
const INCLUSION_DEADLINE_MS = 180_000

/** A chain behind a URL. Broadcasting again what it has is no error. */
export const openOutside = (url: string): Evm => {
  const rpc = rpcOver(url, RPC_DEADLINE_MS)
  return {
    embedded: false,
    pid: null,
    rpc,
    nextTime: () => null,
    include: async entry => {
      const hash = entry.hash as Hex
      const until = Date.now() + INCLUSION_DEADLINE_MS
      const first = await readReceipt(rpc, hash)
      if (first !== null) return first
      try {
        await rpc('eth_sendRawTransaction', [entry.raw])
      } catch (error) {
        if (!(error instanceof RpcError) || !/known|already|imported|nonce too low/i.test(error.message))
          throw error
      }
      for (let wait = 50; Date.now() < until; wait = Math.min(wait * 2, 4000)) {
        const mined = await readReceipt(rpc, hash)
        if (mined !== null) return mined
        await pause(wait)
      }
      throw fault('chain-slow', `No block holds transaction ${hash} yet.`, {
        fix: 'Repeat the call: it waits for the same transaction.',
        facts: { hash },
        retry: true,
        blame: 'world',
      })
    },
    pass: () => {
      throw fault('chain-embedded-only', 'Time can be moved on the embedded chain only.', {
        fix: 'Wait, or use the embedded chain.',
        blame: 'operator',
      })
    },
    settled: async () => {},
    close: async () => {},
  }
}
