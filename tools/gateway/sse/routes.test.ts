import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { append } from '../../../infra/ledger.ts'
import { ids, NOW } from '../../testing/small-network.ts'
import { openStage, type Stage } from '../testing/stage.ts'

interface Read {
  readonly event: string
  readonly id: string
  readonly data: Record<string, unknown>
}

/** Reads a stream until it has `count` events or ends, then leaves it. */
const readStream = async (
  answer: Response,
  count: number,
  onFirst?: () => Promise<void>,
): Promise<Read[]> => {
  const found: Read[] = []
  let text = ''
  let first = onFirst
  for await (const chunk of (answer.body as ReadableStream<Uint8Array>).pipeThrough(
    new TextDecoderStream(),
  )) {
    text += chunk
    await first?.()
    first = undefined
    const blocks = text.split('\n\n')
    text = blocks.pop() ?? ''
    for (const block of blocks) {
      const [, event, id, data] = /^event: (.*)\nid: (.*)\ndata: (.*)$/.exec(block) ?? []
      if (data !== undefined) found.push({ event: event as string, id: id as string, data: JSON.parse(data) })
    }
    if (found.length >= count) break
  }
  return found
}

describe('server-sent events', () => {
  let stage: Stage
  beforeAll(async () => {
    stage = await openStage()
  })
  afterAll(() => stage.close())
  const open = (path: string, headers: Record<string, string> = {}) =>
    fetch(`${stage.url}api/${path}`, { headers })
  const happen = async (kind: string) => {
    await stage.network.db.tx(tx =>
      append(tx, { at: NOW, kind, actor: ids.bob, subject: ids.bees, payload: {} }),
    )
  }

  it('tells what happens on the ledger from now on, in order', async () => {
    const answer = await open('events/stream')
    expect(answer.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    const seen = await readStream(answer, 2, async () => {
      await happen('thing.one')
      await happen('thing.two')
    })
    expect(seen.map(({ event, id }) => [event, id])).toEqual([
      ['thing.one', '4'],
      ['thing.two', '5'],
    ])
    expect(seen[0]?.data).toMatchObject({ seq: '4', kind: 'thing.one', actor: 'Bob', subject: ids.bees })
  })

  it('goes on after the last event that a client saw', async () => {
    const seen = await readStream(await open('events/stream', { 'last-event-id': '1' }), 2)
    expect(seen.slice(0, 2).map(({ id }) => id)).toEqual(['2', '3'])
  })

  it('narrows the ledger to one kind and one subject', async () => {
    const kind = await readStream(await open('events/stream?after=0&kind=answer.given'), 1)
    expect(kind.map(({ id }) => id)).toEqual(['3'])
    const subject = await readStream(await open(`events/stream?after=0&subject=${ids.wasps}`), 1)
    expect(subject.map(({ id }) => id)).toEqual(['2'])
  })

  it('shows a run with its loss curve until it has ended, and tells a browser not to come back', async () => {
    const seen = await readStream(await open('runs/bees/stream?after=1'), 99)
    expect(seen).toMatchObject([{ event: 'end', id: 'end', data: { id: ids.run, state: 'trained' } }])
    expect(seen[0]?.data.points).toMatchObject([{ step: 2 }, { step: 3 }])
    expect((await open('runs/bees/stream', { 'last-event-id': 'end' })).status).toBe(204)
  })

  it('tells a run step by step while it trains', async () => {
    const { db } = stage.network
    await db.query(`update runs set state = 'training' where id = $1`, [ids.run])
    const seen = await readStream(await open('runs/bees/stream'), 99, async () => {
      await db.query('insert into run_steps (run_id, step, loss, tokens_per_second) values ($1, 4, 1, 10)', [
        ids.run,
      ])
      await db.query(`update runs set state = 'trained' where id = $1`, [ids.run])
    })
    expect(seen.at(-1)).toMatchObject({ event: 'end', data: { state: 'trained' } })
    const steps = seen.flatMap(({ data }) => (data.points as { step: number }[]).map(({ step }) => step))
    expect(steps).toEqual([1, 2, 3, 4])
  })

  it('refuses what is no place to start from, and what is no run', async () => {
    expect((await open('events/stream', { 'last-event-id': '-1' })).status).toBe(422)
    expect((await open('runs/moths/stream')).status).toBe(404)
  })

  it('gives one caller so many streams and takes new ones once old ones are left', async () => {
    const leave = new AbortController()
    const many = await Promise.all(
      Array.from({ length: 21 }, () => fetch(`${stage.url}api/events/stream`, { signal: leave.signal })),
    )
    expect(many.map(({ status }) => status).filter(status => status === 200)).toHaveLength(20)
    expect(many.find(({ status }) => status === 429)?.headers.get('retry-after')).toBe('30')
    leave.abort()
    await expect
      .poll(async () => {
        const again = await open('events/stream')
        await again.body?.cancel()
        return again.status
      })
      .toBe(200)
  })
})
