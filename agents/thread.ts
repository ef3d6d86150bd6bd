import { Command, type CompiledStateGraph } from '@langchain/langgraph'
import { isFault } from '../infra/errors.ts'
import { withLease } from '../infra/leases.ts'
import type { Network } from '../tools/context.ts'
import { policy } from './policy.ts'

/** Any compiled graph whose state begins with an input of type I. */
// biome-ignore lint/suspicious/noExplicitAny: LangGraph's own type parameters of a compiled graph have no narrower bound.
type Graph = CompiledStateGraph<any, any, any, any, any, any>

/**
 * Takes one graph thread as far as it goes: starts it, goes on after a crash, or resumes it where it waits, if `due` says
 * that what the waiting node waits for has come. A lease row makes sure that one process at a time does so: LangGraph lets
 * concurrent runs of a thread overwrite each other. Returns false where another holds the thread.
 */
export const takeThread = async (
  network: Network,
  graph: Graph,
  threadId: string,
  input: Record<string, unknown>,
  due: (node: string) => Promise<boolean> = async () => true,
): Promise<boolean> => {
  const config = { configurable: { thread_id: threadId }, durability: 'sync' as const }
  try {
    await withLease(network.db, network.clock, `thread/${threadId}`, policy.leaseSeconds, async signal => {
      const state = await graph.getState(config)
      const begun = state.config.configurable?.checkpoint_id !== undefined
      // `next` alone cannot tell: it is empty too while a node waits that has been resumed before.
      const waiting = state.tasks.find(task => task.interrupts.length > 0)
      if (begun && waiting === undefined && state.next.length === 0) return
      if (waiting !== undefined && !(await due(waiting.name))) return
      await graph.invoke(!begun ? input : waiting === undefined ? null : new Command({ resume: 'due' }), {
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
