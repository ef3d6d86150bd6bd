import { Command, type CompiledStateGraph } from '@langchain/langgraph'
import { isFault } from '../infra/errors.ts'
import { withLease } from '../infra/leases.ts'
import type { Network } from '../tools/context.ts'
import { policy } from './policy.ts'

/** Any compiled graph whose state begins with an input of type I. */
// biome-ignore lint/suspicious/noExplicitAny: LangGraph's own type parameters of a compiled graph have no narrower bound.
type Graph = CompiledStateGraph<any, any, any, any, any, any>

/**
 * Takes one graph thread as far as it goes: starts it, goes on after a crash, or looks again at what it waits for.
 * A lease row makes sure that one process at a time does so: LangGraph lets concurrent runs of a thread overwrite each
 * other. Every node checks for itself whether its time has come, so looking too early changes nothing.
 * Returns false where another holds the thread.
 */
export const takeThread = async (
  network: Network,
  graph: Graph,
  threadId: string,
  input: Record<string, unknown>,
): Promise<boolean> => {
  const config = { configurable: { thread_id: threadId }, durability: 'sync' as const }
  try {
    await withLease(network.db, network.clock, `thread/${threadId}`, policy.leaseSeconds, async signal => {
      const state = await graph.getState(config)
      const started = state.config.configurable?.checkpoint_id !== undefined
      if (started && state.next.length === 0) return
      const waits = state.tasks.some(task => task.interrupts.length > 0)
      await graph.invoke(!started ? input : waits ? new Command({ resume: 'look' }) : null, {
        ...config,
        signal,
      })
    })
    return true
  } catch (error) {
    if (isFault(error, 'lease-held')) return false
    throw error
  }
}
