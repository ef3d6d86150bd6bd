import { TaskState } from '@a2a-js/sdk'
import { UnsupportedOperationError } from '@a2a-js/sdk/errors'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { ids } from '../../testing/small-network.ts'
import { echo } from '../testing/scripted-engine.ts'
import type { Stage } from '../testing/stage.ts'
import { clientOf, openAgents, openNode, sent, taskOf, textsOf } from './testing/agents.ts'

describe('tasks over a restart', () => {
  let stage: Stage
  let key: string
  beforeAll(async () => {
    stage = await openAgents()
    key = await stage.key()
  })
  afterAll(() => stage.close())
  afterEach(() => {
    stage.script = echo
  })

  const start = async () => {
    const { url, close } = await openNode(stage)
    return { client: (path: string) => clientOf(url, path, { key }), close }
  }
  const ended = async (client: Awaited<ReturnType<typeof clientOf>>, id: string) => {
    const first = await client.getTask({ tenant: '', id })
    try {
      if (first.status?.state === TaskState.TASK_STATE_WORKING)
        for await (const _ of client.resubscribeTask({ tenant: '', id }));
    } catch (error) {
      // It ended between the two requests.
      if (!(error instanceof UnsupportedOperationError)) throw error
    }
    return client.getTask({ tenant: '', id })
  }
  const paid = async () => {
    const [row] = await stage.network.db.query<{ units: bigint }>(
      'select units from balances where account = $1',
      [`balance:${ids.ann}`],
    )
    return 1_000_000n - (row?.units ?? 0n)
  }

  it('a question that the node stopped at is asked again under its key, and paid once', async () => {
    const started = Promise.withResolvers<void>()
    stage.script = async ({ signal }) => {
      started.resolve()
      await new Promise(done => signal?.addEventListener('abort', done))
      return 'never heard'
    }
    const node = await start()
    const bees = await node.client('models/bees')
    const { id } = taskOf(await bees.sendMessage(sent('What is a nuc?', { returnImmediately: true })))
    await started.promise
    await node.close()
    stage.script = echo
    const again = await start()
    const task = await ended(await again.client('models/bees'), id)
    expect(task.status?.state).toBe(TaskState.TASK_STATE_COMPLETED)
    expect(textsOf(task.artifacts[0]?.parts)).toEqual(['You asked: What is a nuc?'])
    expect(await paid()).toBe(50_000n)
    await again.close()
  })

  it('a question that was paid for by x402 waits for its payer, who gets the money back or asks again', async () => {
    const { db } = stage.network
    const node = await start()
    const bees = await node.client('models/bees')
    const { id } = taskOf(await bees.sendMessage(sent('What is a skep?')))
    await node.close()
    await db.query(
      `insert into payments (id, chain_id, asset, payer, nonce, units, valid_before, proof_hash, request_hash, state, account_id, tx, tx_by, stored_at, touched_at)
       values ($1, 1, '', '', '', 50000, 1, '', '', 'settled', $2, '', 'node', $3, $3)`,
      [id, ids.ann, stage.network.clock.now()],
    )
    await db.query(
      `update tasks set state = 'TASK_STATE_WORKING', call_key = 'x402/' || id, task = jsonb_set(task, '{status,state}', '"TASK_STATE_WORKING"') where id = $1`,
      [id],
    )
    const before = await paid()
    const again = await start()
    const task = await ended(await again.client('models/bees'), id)
    expect(task.status?.state).toBe(TaskState.TASK_STATE_FAILED)
    expect(await paid()).toBe(before)
    await again.close()
    await db.query('delete from payments')
  })

  it('a run is followed further', async () => {
    const { db } = stage.network
    await db.query(`update runs set state = 'training' where id = $1`, [ids.run])
    const node = await start()
    const order = sent({ verb: 'run', input: { run: 'bees' } }, { returnImmediately: true })
    const { id } = taskOf(await (await node.client('trainer')).sendMessage(order))
    await node.close()
    await db.query(`update runs set state = 'failed', reason = 'the disk is full' where id = $1`, [ids.run])
    const again = await start()
    const task = await ended(await again.client('trainer'), id)
    expect(task.status?.state).toBe(TaskState.TASK_STATE_FAILED)
    expect(textsOf(task.status?.message?.parts)[0]).toContain('the disk is full')
    await again.close()
  })

  it('rows that were being given are not given again: the task fails and says so', async () => {
    const node = await start()
    const curator = await node.client('curator')
    await stage.network.db.query(`update proposals set state = 'gathering' where id = $1`, [ids.wasps])
    const rows = [{ question: 'What is a wasp?', answer: 'An insect with a narrow waist.' }]
    const order = { verb: 'contribute', input: { proposal: 'wasps', rights: true, rows } }
    const { id } = taskOf(await curator.sendMessage(sent(order)))
    await node.close()
    await stage.network.db.query(
      `update tasks set state = 'TASK_STATE_WORKING', task = jsonb_set(task, '{status,state}', '"TASK_STATE_WORKING"') where id = $1`,
      [id],
    )
    const again = await start()
    const task = await ended(await again.client('curator'), id)
    expect(task.status?.state).toBe(TaskState.TASK_STATE_FAILED)
    expect(textsOf(task.status?.message?.parts)[0]).toContain('Send it again with the same Idempotency-Key')
    await again.close()
  })
})
