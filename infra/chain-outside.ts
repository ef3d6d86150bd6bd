import type { Hex } from './chain-api.ts'
import { type Evm, RPC_DEADLINE_MS, readReceipt } from './chain-evm.ts'
import { RpcError, rpcOver } from './chain-rpc.ts'
import { fault } from './errors.ts'

const pause = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms))

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
