import { TaskState } from '@a2a-js/sdk'
import { TaskNotFoundError } from '@a2a-js/sdk/errors'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { ids } from '../testing/small-network.ts'
import { type Binding, clientOf, dataOf, openAgents, sent, taskOf, textsOf } from './a2a/testing/agents.ts'
import { echo } from './testing/scripted-engine.ts'
import type { Stage } from './testing/stage.ts'

const { TASK_STATE_CANCELED, TASK_STATE_COMPLETED, TASK_STATE_FAILED, TASK_STATE_WORKING } = TaskState

const collect = async <T>(events: AsyncIterable<T>): Promise<T[]> => {
  const all: T[] = []
  for await (const event of events) all.push(event)
  return all
}

/** A model that waits, so that a test can look at its task. */
const held = () => {
  const started = Promise.withResolvers<void>()
  const go = Promise.withResolvers<string>()
  const script = () => {
    started.resolve()
    return go.promise
  }
  return { script, started: started.promise, go: (text: string) => go.resolve(text) }
}

describe('agents over A2A', () => {
  let stage: Stage
  let key: string
  let bobs: string
  beforeAll(async () => {
    stage = await openAgents()
    key = await stage.key()
    bobs = await stage.key({ accountId: ids.bob })
  })
  afterAll(() => stage.close())
  afterEach(() => {
    stage.script = echo
  })
  const balance = async () => {
    const [row] = await stage.network.db.query<{ units: bigint }>(
      'select units from balances where account = $1',
      [`balance:${ids.ann}`],
    )
    return row?.units ?? 0n
  }

  describe.each<Binding>(['JSONRPC', 'HTTP+JSON'])('by %s', binding => {
    const as = (path: string, own: string | undefined = key) =>
      clientOf(stage.url, path, { ...(own === undefined ? {} : { key: own }), binding })

    it('a model answers with a task whose artifact has the text and the receipt', async () => {
      const before = await balance()
      const bees = await as('models/bees')
      const task = taskOf(await bees.sendMessage(sent('What is a nuc?')))
      expect(task.status?.state).toBe(TASK_STATE_COMPLETED)
      const [answer] = task.artifacts
      expect(textsOf(answer?.parts)).toEqual(['You asked: What is a nuc?'])
      expect(dataOf(answer?.parts)).toMatchObject({ model: 'bees@1', priceUnits: '50000' })
      expect(await balance()).toBe(before - 50_000n)
      expect(await bees.getTask({ tenant: '', id: task.id })).toEqual(task)
    })

    it('an answer is streamed word by word, from the task to its end', async () => {
      const bees = await as('models/bees@1')
      const events = (await collect(bees.sendMessageStream(sent('What is a nuc?')))).map(
        ({ payload }) => payload,
      )
      expect(events[0]).toMatchObject({ $case: 'task', value: { status: { state: TASK_STATE_WORKING } } })
      const words = events.flatMap(event =>
        event?.$case === 'artifactUpdate' ? textsOf(event.value.artifact?.parts) : [],
      )
      expect(words).toEqual(['You ', 'asked: ', 'What ', 'is ', 'a ', 'nuc?'])
      expect(events.at(-2)).toMatchObject({
        $case: 'artifactUpdate',
        value: { append: true, lastChunk: true },
      })
      expect(events.at(-1)).toMatchObject({
        $case: 'statusUpdate',
        value: { status: { state: TASK_STATE_COMPLETED } },
      })
    })

    it('a cancelled question costs nothing and its task ends as canceled', async () => {
      const started = Promise.withResolvers<void>()
      stage.script = async ({ signal }) => {
        started.resolve()
        if (signal?.aborted !== true) await new Promise(done => signal?.addEventListener('abort', done))
        return 'too late to say'
      }
      const before = await balance()
      const bees = await as('models/bees')
      const { id, status } = taskOf(await bees.sendMessage(sent('Wait?', { returnImmediately: true })))
      expect(status?.state).toBe(TASK_STATE_WORKING)
      await started.promise
      const canceled = await bees.cancelTask({ tenant: '', id, metadata: undefined })
      expect(canceled.status?.state).toBe(TASK_STATE_CANCELED)
      expect(await balance()).toBe(before)
    })

    it('nobody else reads, lists, follows or cancels a task, nor its owner at another agent', async () => {
      const wait = held()
      stage.script = wait.script
      const bees = await as('models/bees')
      const { id } = taskOf(await bees.sendMessage(sent('Mine?', { returnImmediately: true })))
      await wait.started
      for (const other of [
        await as('models/bees', bobs),
        await clientOf(stage.url, 'models/bees', { binding }),
        await as('trainer'),
      ]) {
        await expect(other.getTask({ tenant: '', id })).rejects.toThrow(TaskNotFoundError)
        await expect(other.cancelTask({ tenant: '', id, metadata: undefined })).rejects.toThrow(
          TaskNotFoundError,
        )
        await expect(collect(other.resubscribeTask({ tenant: '', id }))).rejects.toThrow(TaskNotFoundError)
        await expect(other.sendMessage(sent('More', {}, { taskId: id }))).rejects.toThrow()
        const { tasks } = await other.listTasks(pageOf({}))
        expect(tasks.map(task => task.id)).not.toContain(id)
      }
      const followed = bees.resubscribeTask({ tenant: '', id })
      expect((await followed.next()).value?.payload).toMatchObject({ $case: 'task', value: { id } })
      wait.go('Mine.')
      expect((await collect(followed)).at(-1)?.payload).toMatchObject({
        $case: 'statusUpdate',
        value: { status: { state: TASK_STATE_COMPLETED } },
      })
    })

    it('pages through tasks, and gives as much history as is asked for', async () => {
      const bees = await as('models/bees')
      const contextId = `pages-${binding}`
      const made: string[] = []
      for (const question of ['One?', 'Two?', 'Three?'])
        made.push(taskOf(await bees.sendMessage(sent(question, {}, { contextId }))).id)
      const first = await bees.listTasks(pageOf({ contextId, pageSize: 2 }))
      expect(first).toMatchObject({ totalSize: 3, pageSize: 2 })
      const second = await bees.listTasks(pageOf({ contextId, pageSize: 2, pageToken: first.nextPageToken }))
      expect(second.nextPageToken).toBe('')
      expect([...first.tasks, ...second.tasks].map(({ id }) => id).sort()).toEqual([...made].sort())
      expect(first.tasks[0]?.artifacts).toEqual([])
      const { history } = await bees.getTask({ tenant: '', id: made[0] ?? '', historyLength: 0 })
      expect(history).toEqual([])
      await expect(bees.listTasks(pageOf({ pageToken: 'x' }))).rejects.toThrow('page token')
      await expect(bees.listTasks(pageOf({ pageSize: 101 }))).rejects.toThrow('pageSize')
    })

    it('what only reads is answered with a message and leaves no task', async () => {
      const attributor = await as('attributor')
      const told = await attributor.sendMessage(sent({ verb: 'receipt', input: { receipt: ids.receipt } }))
      expect('messageId' in told && dataOf(told.parts)).toMatchObject({ kind: 'answer' })
      expect((await attributor.listTasks(pageOf({}))).totalSize).toBe(0)
    })

    it('a role says what it does to whoever writes to it in words', async () => {
      const told = await (await as('treasurer')).sendMessage(sent('Send me all your money'))
      expect('messageId' in told && textsOf(told.parts)[0]).toMatch(/account: .*\n- claim: /)
      expect('messageId' in told && dataOf(told.parts)).toMatchObject({
        verbs: [{ verb: 'account' }, {}, {}, {}],
      })
    })
  })

  it('a conversation goes on where its context is named, and for its owner only', async () => {
    const heard: unknown[] = []
    stage.script = request => {
      heard.push(request.messages)
      return 'A small hive.'
    }
    const bees = await clientOf(stage.url, 'models/bees', { key })
    const { contextId } = taskOf(await bees.sendMessage(sent('What is a nuc?')))
    await bees.sendMessage(sent('How small?', {}, { contextId }))
    expect(heard[1]).toEqual([
      { role: 'user', content: 'What is a nuc?' },
      { role: 'assistant', content: 'A small hive.' },
      { role: 'user', content: 'How small?' },
    ])
  })

  it('a model that fails ends its task with what there is to know, and the price comes back', async () => {
    stage.script = () => {
      throw new Error('secret detail')
    }
    const before = await balance()
    const task = taskOf(await (await clientOf(stage.url, 'models/bees', { key })).sendMessage(sent('Fail?')))
    expect(task.status?.state).toBe(TASK_STATE_FAILED)
    expect(textsOf(task.status?.message?.parts)[0]).toMatch(/^Something went wrong on our side\..*incident/)
    expect(JSON.stringify(task)).not.toContain('secret detail')
    expect(await balance()).toBe(before)
  })

  it('a tuning run is followed as a task until it ends', async () => {
    const { db } = stage.network
    await db.query(`update runs set state = 'training', progress = '{"step": 1, "steps": 3}' where id = $1`, [
      ids.run,
    ])
    const trainer = await clientOf(stage.url, 'trainer', { key })
    const events = trainer.sendMessageStream(sent({ verb: 'run', input: { run: 'bees' } }))
    await events.next()
    expect((await events.next()).value?.payload).toMatchObject({
      $case: 'statusUpdate',
      value: {
        status: { state: TASK_STATE_WORKING },
        metadata: { state: 'training', progress: { step: 1 } },
      },
    })
    await db.query(`update runs set state = 'trained', progress = '{"step": 3, "steps": 3}' where id = $1`, [
      ids.run,
    ])
    const last = await collect(events)
    expect(last.map(({ payload }) => payload?.$case)).toEqual(['artifactUpdate', 'statusUpdate'])
    const [result] = last
    const parts = result?.payload?.$case === 'artifactUpdate' ? result.payload.value.artifact?.parts : []
    expect(dataOf(parts)).toMatchObject({ model: 'bees', state: 'trained', points: [{}, {}, {}] })
  })

  it('who has no account is told how far a run is, and follows nothing', async () => {
    const trainer = await clientOf(stage.url, 'trainer')
    const told = await trainer.sendMessage(sent({ verb: 'run', input: { run: 'bees' } }))
    expect('messageId' in told && dataOf(told.parts)).toMatchObject({ model: 'bees', state: 'trained' })
  })

  it('a follower can stop following', async () => {
    const { db } = stage.network
    await db.query(`update runs set state = 'training' where id = $1`, [ids.run])
    const trainer = await clientOf(stage.url, 'trainer', { key })
    const order = sent({ verb: 'run', input: { run: 'bees' } }, { returnImmediately: true })
    const { id } = taskOf(await trainer.sendMessage(order))
    const { status } = await trainer.cancelTask({ tenant: '', id, metadata: undefined })
    expect(status?.state).toBe(TASK_STATE_CANCELED)
    await db.query(`update runs set state = 'trained' where id = $1`, [ids.run])
  })

  it('rows that are given are in no task', async () => {
    await stage.network.db.query(`update proposals set state = 'gathering' where id = $1`, [ids.wasps])
    const curator = await clientOf(stage.url, 'curator', { key })
    const rows = [{ question: 'Who is it?', answer: 'Write to jane.doe@example.org.' }]
    const order = { verb: 'contribute', input: { proposal: 'wasps', rights: true, rows } }
    const task = taskOf(await curator.sendMessage(sent(order)))
    expect(dataOf(task.artifacts[0]?.parts) ?? task.status).toMatchObject({ rows: [{ state: 'refused' }] })
    const [stored] = await stage.network.db.query('select * from tasks where id = $1', [task.id])
    expect(JSON.stringify(stored)).not.toContain('jane.doe')
  })
})

const pageOf = (params: { contextId?: string; pageSize?: number; pageToken?: string }) => ({
  tenant: '',
  contextId: '',
  status: TaskState.TASK_STATE_UNSPECIFIED,
  pageToken: '',
  statusTimestampAfter: undefined,
  ...params,
})
