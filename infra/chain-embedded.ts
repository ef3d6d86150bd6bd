import { type Anvil, GENESIS_TIME, holdFolder, releaseFolder, startAnvil } from './chain-anvil.ts'
import type { Hex, TransactionReceipt } from './chain-api.ts'
import { type Evm, type Mined, outcomeOf, RPC_DEADLINE_MS, readReceipt } from './chain-evm.ts'
import type { Entry, Journal } from './chain-journal.ts'
import { type Rpc, rpcOver } from './chain-rpc.ts'
import { dumpedSeqs, dumpPath, dumpState, hasDump } from './chain-state.ts'
import { fault, isFault } from './errors.ts'

/** Entries between two dumps: a replay of that many takes about two seconds. */
const DUMP_EVERY = 500n

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
  await holdFolder(folder)
  let anvil: Anvil | null = null
  let closed = false
  let lastTime = GENESIS_TIME
  let offset = 0n
  let sinceDump = 0n
  let running: Promise<{ anvil: Anvil; rpc: Rpc }> | null = null

  const put = async (rpc: Rpc, entry: Entry, fresh = false): Promise<Mined> => {
    const time = entry.blockTimestamp as bigint
    if (entry.hash !== null) {
      const already = fresh ? null : await readReceipt(rpc, entry.hash, time)
      if (already !== null) return already
      await rpc('eth_sendRawTransaction', [entry.raw])
    }
    await rpc('evm_mine', [{ timestamp: Number(time) }])
    lastTime = time
    offset += entry.advanceSeconds
    const mined = entry.hash === null ? null : await readReceipt(rpc, entry.hash, time)
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
      const mined = await put(rpc, entry, true)
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
      if (now < lastTime) return lastTime
      return now
    },
    include: entry => asking(rpc => put(rpc, entry)),
    pass: entry =>
      asking(async rpc => {
        const now = (await journal.at(entry.seq)) as Entry
        return outcomeOf(now) ?? put(rpc, now) // A rebuild since it was journaled has replayed it.
      }),
    settled: async entry => {
      sinceDump += 1n
      if (sinceDump < DUMP_EVERY) return
      sinceDump = 0n
      await asking(rpc => dumpState(folder, rpc, entry))
    },
    close: async () => {
      if (closed) return
      await running?.catch(() => {})
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
