import { MemorySaver } from '@langchain/langgraph'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { advance } from '../tools/advance.ts'
import { openSampleNetwork, type SampleNetwork } from '../tools/bundle/sample-network.ts'
import { join } from '../tools/join.ts'
import { propose } from '../tools/propose.ts'
import { lifecycleDue, lifecycleGraph } from './lifecycle.ts'
import { takeThread } from './thread.ts'

let sample: SampleNetwork
beforeAll(async () => {
  sample = await openSampleNetwork()
})
afterAll(() => sample.remove())

test('a proposal that nobody voted for is rejected at the close, waits out the dispute window, and is unwound', async () => {
  const { network, as } = sample
  const { accountId } = await as('anyone')(join, { name: 'Anna', platform: 'test', subject: 'Anna' })
  const { proposalId } = await as(accountId)(propose, {
    name: 'unloved',
    purpose: 'Answers what new beekeepers ask about feeding.',
    dataWanted: 'Questions of beekeepers with short answers.',
    rowsWanted: 10,
    evaluation: Array.from({ length: 10 }, (_, at) => ({
      question: `When is hive ${at} fed?`,
      answer: `In week ${at}.`,
    })),
  })
  const graph = lifecycleGraph(network, new MemorySaver())
  const look = () =>
    takeThread(network, graph, proposalId, { proposalId }, node => lifecycleDue(network, proposalId, node))
  const waitsAt = async () => {
    const { tasks } = await graph.getState({ configurable: { thread_id: proposalId } })
    return tasks.filter(task => task.interrupts.length > 0).map(task => task.name)
  }
  const stateOf = async () =>
    (
      await network.db.query('select state, unwound_at is not null as unwound from proposals where id = $1', [
        proposalId,
      ])
    )[0]

  await look()
  expect(await waitsAt()).toEqual(['vote'])
  // Looking before its time changes nothing.
  await look()
  expect(await stateOf()).toEqual({ state: 'voting', unwound: false })

  await as('operator')(advance, { seconds: 601 })
  await look()
  expect(await stateOf()).toEqual({ state: 'rejected', unwound: false })
  expect(await waitsAt()).toEqual(['unwind'])

  await as('operator')(advance, { seconds: network.chain.disputeWindowSeconds })
  // Two at once: one takes the thread, the other leaves it alone.
  expect((await Promise.all([look(), look()])).sort()).toEqual([false, true])
  expect(await stateOf()).toEqual({ state: 'rejected', unwound: true })
  expect(await waitsAt()).toEqual([])
})
