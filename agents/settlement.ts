import { Annotation, type BaseCheckpointSaver, END, interrupt, START, StateGraph } from '@langchain/langgraph'
import { activate } from '../tools/activate.ts'
import { close } from '../tools/close.ts'
import type { Network } from '../tools/context.ts'
import { type EpochView, inspectEpoch } from '../tools/inspect-epoch.ts'
import { post } from '../tools/post.ts'
import { settle } from '../tools/settle.ts'
import { actAs } from './act.ts'
import { calibrateRelease, measure } from './attributor.ts'
import * as treasurer from './treasurer.ts'

const State = Annotation.Root({
  epoch: Annotation<number>,
  payable: Annotation<boolean>,
})
type State = typeof State.State

/** What each waiting node waits for. */
const waits: Readonly<Record<string, { for: string; ready: (view: EpochView) => boolean }>> = {
  close: { for: 'the end of the epoch', ready: view => view.state !== 'open' || treasurer.mayClose(view) },
  activate: { for: 'the challenge window', ready: view => view.state === 'active' || view.windowPassed },
}

/** Whether a waiting node of an epoch's thread may go on. */
export const settlementDue = async (network: Network, epoch: number, node: string): Promise<boolean> => {
  const view = await actAs(network, 'treasurer')(inspectEpoch, { epoch })
  return waits[node]?.ready(view) ?? true
}

/**
 * The settlement of one epoch: close -> calibrate -> attribute -> compute -> post root -> challenge window -> activate. Money moves in
 * verbs only, each under the epoch's key, so nothing is paid twice however often a node runs.
 */
export const settlementGraph = (network: Network, checkpointer: BaseCheckpointSaver) => {
  const act = actAs(network, 'treasurer')
  const look = ({ epoch }: State): Promise<EpochView> => act(inspectEpoch, { epoch })
  const waitAt = async (node: string, state: State): Promise<EpochView> => {
    const view = await look(state)
    if (!waits[node]?.ready(view)) interrupt({ waitsFor: waits[node]?.for })
    return view
  }

  return new StateGraph(State)
    .addNode('close', async state => {
      const view = await waitAt('close', state)
      if (view.state === 'open') await act(close, { epoch: state.epoch }, { key: String(state.epoch) })
      return {}
    })
    .addNode('calibrate', async state => {
      const { uncalibrated } = await look(state)
      for (const releaseId of uncalibrated) await calibrateRelease(network, releaseId)
      return {}
    })
    .addNode('attribute', async state => {
      const { unattributed } = await look(state)
      for (const answerId of unattributed) await measure(network, answerId)
      return {}
    })
    .addNode('compute', async state => {
      const { root } = await act(settle, { epoch: state.epoch }, { key: String(state.epoch) })
      return { payable: root !== null }
    })
    .addNode('post', async state => {
      await act(post, { epoch: state.epoch }, { key: String(state.epoch) })
      return {}
    })
    .addNode('activate', async state => {
      await waitAt('activate', state)
      await act(activate, { epoch: state.epoch }, { key: String(state.epoch) })
      return {}
    })
    .addEdge(START, 'close')
    .addEdge('close', 'calibrate')
    .addEdge('calibrate', 'attribute')
    .addEdge('attribute', 'compute')
    .addConditionalEdges('compute', state => (state.payable ? 'post' : END), ['post', END])
    .addEdge('post', 'activate')
    .addEdge('activate', END)
    .compile({ checkpointer, name: 'settlement' })
}
