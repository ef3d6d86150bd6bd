import { Annotation, type BaseCheckpointSaver, END, interrupt, START, StateGraph } from '@langchain/langgraph'
import type { Network } from '../tools/context.ts'
import { evaluate } from '../tools/evaluate.ts'
import { inspect, type LifecycleView } from '../tools/inspect.ts'
import { release } from '../tools/release.ts'
import { snapshot } from '../tools/snapshot.ts'
import { tally } from '../tools/tally.ts'
import { tune } from '../tools/tune.ts'
import { unwind } from '../tools/unwind.ts'
import { actAs } from './act.ts'
import * as curator from './curator.ts'
import * as trainer from './trainer.ts'

const State = Annotation.Root({
  proposalId: Annotation<string>,
  passed: Annotation<boolean>,
  runId: Annotation<string>,
})
type State = typeof State.State

/** What each waiting node waits for: people, time or a worker. */
const waits: Readonly<Record<string, { for: string; ready: (view: LifecycleView) => boolean }>> = {
  vote: { for: 'the end of the vote', ready: view => view.state !== 'voting' || view.pollClosed },
  gather: { for: 'data', ready: view => view.ended || view.state !== 'gathering' || curator.mayFreeze(view) },
  unwind: { for: 'the end of the dispute window or of the delivery term', ready: view => view.ended },
  'await-run': { for: 'a worker', ready: view => view.runState === 'trained' || view.runState === 'failed' },
}

/** Whether a waiting node of a proposal's thread may go on. */
export const lifecycleDue = async (network: Network, proposalId: string, node: string): Promise<boolean> => {
  const view = await actAs(network, 'treasurer')(inspect, { proposal: proposalId })
  return waits[node]?.ready(view) ?? true
}

/**
 * The life of one model: voting -> gathering -> tuning -> evaluating -> serving, or an end on the way. The graph keeps
 * ids only; the truth is in the tables. A node that has to wait interrupts, and starts over from its top when it is
 * resumed. Every verb call carries a key, so a node that ran before a crash may run again.
 */
export const lifecycleGraph = (network: Network, checkpointer: BaseCheckpointSaver) => {
  const as = {
    curator: actAs(network, 'curator'),
    trainer: actAs(network, 'trainer'),
    treasurer: actAs(network, 'treasurer'),
  }
  const look = ({ proposalId }: State): Promise<LifecycleView> =>
    as.treasurer(inspect, { proposal: proposalId })
  const waitAt = async (node: string, state: State): Promise<LifecycleView> => {
    const view = await look(state)
    if (!waits[node]?.ready(view)) interrupt({ waitsFor: waits[node]?.for })
    return view
  }

  return new StateGraph(State)
    .addNode('vote', async state => {
      await waitAt('vote', state)
      const { passed } = await as.treasurer(tally, { proposal: state.proposalId }, { key: state.proposalId })
      return { passed }
    })
    .addNode('unwind', async state => {
      await waitAt('unwind', state)
      await as.treasurer(unwind, { proposal: state.proposalId }, { key: state.proposalId })
      return {}
    })
    .addNode('gather', async state => {
      const { ended } = await waitAt('gather', state)
      if (ended) return { passed: false }
      await as.curator(snapshot, { proposal: state.proposalId }, { key: state.proposalId })
      return { passed: true }
    })
    .addNode('tune', async state => {
      const { accepted, snapshotId } = await look(state)
      const recipe = trainer.chooseRecipe(accepted)
      const { runId } = await as.trainer(
        tune,
        { proposal: state.proposalId, snapshotId: snapshotId ?? '', recipe },
        { key: snapshotId ?? '' },
      )
      return { runId }
    })
    .addNode('await-run', async state => {
      const { runState } = await waitAt('await-run', state)
      return { passed: runState === 'trained' }
    })
    .addNode('evaluate', async state => {
      const { passed } = await as.trainer(evaluate, { runId: state.runId }, { key: state.runId })
      return { passed }
    })
    .addNode('release', async state => {
      await as.trainer(release, { runId: state.runId }, { key: state.runId })
      return {}
    })
    .addEdge(START, 'vote')
    .addConditionalEdges('vote', state => (state.passed ? 'gather' : 'unwind'), ['gather', 'unwind'])
    .addEdge('unwind', END)
    .addConditionalEdges('gather', state => (state.passed ? 'tune' : 'unwind'), ['tune', 'unwind'])
    .addEdge('tune', 'await-run')
    .addConditionalEdges('await-run', state => (state.passed ? 'evaluate' : 'unwind'), ['evaluate', 'unwind'])
    .addConditionalEdges('evaluate', state => (state.passed ? 'release' : 'unwind'), ['release', 'unwind'])
    .addEdge('release', END)
    .compile({ checkpointer, name: 'lifecycle' })
}
