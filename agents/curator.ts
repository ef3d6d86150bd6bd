import { Annotation, type BaseCheckpointSaver, END, Send, START, StateGraph } from '@langchain/langgraph'
import { check, checkNames, type RowFinding } from '../tools/check.ts'
import type { Network } from '../tools/context.ts'
import type { LifecycleView } from '../tools/inspect.ts'
import { review } from '../tools/review.ts'
import { actAs } from './act.ts'

const State = Annotation.Root({
  submissionId: Annotation<string>,
  findings: Annotation<RowFinding[]>({ reducer: (all, more) => [...all, ...more], default: () => [] }),
})
type State = typeof State.State

export interface Decision {
  id: string
  verdict: 'accepted' | 'refused' | 'review'
  reason: string | null
  message: string | null
  fix: string | null
  firstId: string | null
  clusterId: string | null
}

/** The verdict on every row: the first refusal by precedence, else the first doubt, else accepted. Pure. */
export const decide = (findings: readonly RowFinding[]): Decision[] => {
  const rows = Map.groupBy(findings, finding => finding.id)
  const byPrecedence = (a: RowFinding, b: RowFinding) =>
    checkNames.indexOf(a.check) - checkNames.indexOf(b.check)
  return [...rows].map(([id, found]) => {
    const sorted = [...found].sort(byPrecedence)
    const decisive =
      sorted.find(item => item.verdict === 'refuse') ?? sorted.find(item => item.verdict === 'review')
    const clusterId = sorted.find(item => item.cluster !== null)?.cluster ?? null
    if (decisive === undefined)
      return { id, verdict: 'accepted', reason: null, message: null, fix: null, firstId: null, clusterId }
    return {
      id,
      verdict: decisive.verdict === 'refuse' ? 'refused' : 'review',
      reason: decisive.check,
      message: decisive.message,
      fix: decisive.fix,
      firstId: decisive.first,
      clusterId,
    }
  })
}

/** Whether a datanet can be frozen: its proposer ended the gathering, every row is decided, the vote cannot be disputed any more. */
export const mayFreeze = (view: LifecycleView): boolean =>
  view.gatheringClosed && view.undecided === 0 && view.pollFinal

/**
 * Curates one submission: every check that looks at a row by itself fans out, the comparison with other rows follows over
 * what they let through, and one verb records the verdicts. The state holds findings, never the rows.
 */
export const curatorGraph = (network: Network, checkpointer: BaseCheckpointSaver) => {
  const act = actAs(network, 'curator')
  const alone = checkNames.filter(name => name !== 'duplicate')

  return new StateGraph(State)
    .addNode('check', async (sent: { submissionId: string; name: RowFinding['check'] }) => {
      const { findings } = await act(check, { submissionId: sent.submissionId, check: sent.name })
      return { findings }
    })
    .addNode('compare', async state => {
      const refused = new Set(state.findings.filter(item => item.verdict === 'refuse').map(item => item.id))
      const only = [...new Set(state.findings.map(item => item.id))].filter(id => !refused.has(id))
      const { findings } = await act(check, { submissionId: state.submissionId, check: 'duplicate', only })
      return { findings }
    })
    .addNode('verdict', async state => {
      await act(
        review,
        { submissionId: state.submissionId, decisions: decide(state.findings) },
        { key: state.submissionId },
      )
      return {}
    })
    .addConditionalEdges(
      START,
      (state: State) => alone.map(name => new Send('check', { submissionId: state.submissionId, name })),
      ['check'],
    )
    .addEdge('check', 'compare')
    .addEdge('compare', 'verdict')
    .addEdge('verdict', END)
    .compile({ checkpointer, name: 'curator' })
}
