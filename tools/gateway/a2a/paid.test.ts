import { TaskState } from '@a2a-js/sdk'
import { ClientFactory, JsonRpcTransportFactory, RestTransportFactory } from '@a2a-js/sdk/client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { echo } from '../testing/scripted-engine.ts'
import { type Buyer, openBooth, openBuyers, PRICE } from '../x402/testing/market.ts'
import { dataOf, openNode, sent, taskOf } from './testing/agents.ts'

describe('an agent that has no account here', () => {
  let booth: Awaited<ReturnType<typeof openBooth>>
  let buyer: Buyer
  let node: Awaited<ReturnType<typeof openNode>>
  beforeAll(async () => {
    booth = await openBooth()
    const [first] = await openBuyers(booth.chain, 1, 3n * PRICE)
    if (first === undefined) throw new Error('no buyer')
    buyer = first
    node = await openNode(booth.stage)
  })
  afterAll(async () => {
    await node.close()
    await booth.close()
  })
  const agent = async () => {
    const fetchImpl = buyer.pay as typeof fetch
    const transports = [new JsonRpcTransportFactory({ fetchImpl }), new RestTransportFactory({ fetchImpl })]
    const path = '/a2a/models/bees/.well-known/agent-card.json'
    return new ClientFactory({ transports }).createFromUrl(node.url, path)
  }
  const left = () => booth.chain.balance(buyer.address)

  it('pays for a question by x402 and gets the task with its answer, which nobody can read afterwards', async () => {
    const bees = await agent()
    const before = await left()
    const task = taskOf(await bees.sendMessage(sent('What is a nuc?')))
    expect(task.status?.state).toBe(TaskState.TASK_STATE_COMPLETED)
    expect(dataOf(task.artifacts[0]?.parts)).toMatchObject({ model: 'bees@1', priceUnits: String(PRICE) })
    expect(await left()).toBe(before - PRICE)
    await expect(bees.getTask({ tenant: '', id: task.id })).rejects.toThrow()
  })

  it('gets its money back where the model fails', async () => {
    const bees = await agent()
    booth.stage.script = () => {
      throw new Error('broken')
    }
    const task = taskOf(await bees.sendMessage(sent('Fail?')))
    booth.stage.script = echo
    expect(task.status?.state).toBe(TaskState.TASK_STATE_FAILED)
    const [payment] = await booth.stage.network.db.query<{ state: string }>(
      'select state from payments order by stored_at desc limit 1',
    )
    expect(payment?.state).toMatch(/^refund(ing|ed)$/)
  })

  it('pays for a stream', async () => {
    const events = []
    for await (const { payload } of (await agent()).sendMessageStream(sent('What is a nuc?')))
      events.push(payload)
    expect(events.at(-1)).toMatchObject({ value: { status: { state: TaskState.TASK_STATE_COMPLETED } } })
  })
})
