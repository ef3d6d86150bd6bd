import { Annotation, type BaseCheckpointSaver, END, interrupt, START, StateGraph } from '@langchain/langgraph'
import { activate } from '../tools/activate.ts'
import { attribute } from '../tools/attribute.ts'
import { close } from '../tools/close.ts'
import type { Network } from '../tools/context.ts'
import { type EpochView, inspectEpoch } from '../tools/inspect-epoch.ts'
import { post } from '../tools/post.ts'
import { settle } from '../tools/settle.ts'
import { actAs } from './act.ts'
import * as treasurer from './treasurer.ts'

const State = Annotation.Root({
  epoch: Annotation<number>,
  payable: Annotation<boolean>,
})
type State = typeof State.State

/**
 * The settlement of one epoch: close -> attribute -> compute -> post root -> challenge window -> activate. Money moves in
 * verbs only, each under the epoch's key, so nothing is paid twice however often a node runs.
 */
export const settlementGraph = (network: Network, checkpointer: BaseCheckpointSaver) => {
  const act = actAs(network, 'treasurer')
  const measure = actAs(network, 'attributor')
  const look = ({ epoch }: State): Promise<EpochView> => act(inspectEpoch, { epoch })
  const waitUntil = async (
    state: State,
    what: string,
    ready: (view: EpochView) => boolean,
  ): Promise<EpochView> => {
    const view = await look(state)
    if (!ready(view)) interrupt({ waitsFor: what })
    return ready(view) ? view : waitUntil(state, what, ready)
  }

  return new StateGraph(State)
    .addNode('close', async state => {
      const view = await waitUntil(
        state,
        'epoch-end',
        item => item.state !== 'open' || treasurer.mayClose(item),
      )
      if (view.state === 'open') await act(close, { epoch: state.epoch }, { key: String(state.epoch) })
      return {}
    })
    .addNode('attribute', async state => {
      const { unattributed } = await look(state)
      for (const answerId of unattributed) await measure(attribute, { answerId }, { key: answerId })
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
      await waitUntil(state, 'challenge-window', view => view.state === 'active' || view.windowPassed)
      await act(activate, { epoch: state.epoch }, { key: String(state.epoch) })
      return {}
    })
    .addEdge(START, 'close')
    .addEdge('close', 'attribute')
    .addEdge('attribute', 'compute')
    .addConditionalEdges('compute', state => (state.payable ? 'post' : END), ['post', END])
    .addEdge('post', 'activate')
    .addEdge('activate', END)
    .compile({ checkpointer, name: 'settlement' })
}
