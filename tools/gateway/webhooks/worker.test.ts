import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Webhook } from 'standardwebhooks'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { networkClock } from '../../../infra/clock.ts'
import { append } from '../../../infra/ledger.ts'
import { ids, NOW } from '../../testing/small-network.ts'
import { openStage, type Stage } from '../testing/stage.ts'

describe('webhooks of a node', () => {
  let stage: Stage
  const arrived: { headers: IncomingHttpHeaders; body: string }[] = []
  let next = Promise.withResolvers<void>()
  const receiver = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    arrived.push({ headers: request.headers, body })
    response.writeHead(arrived.length === 1 ? 500 : 204).end()
    next.resolve()
  })
  const clock = networkClock()
  beforeAll(async () => {
    await new Promise<void>(resolve => receiver.listen(0, '127.0.0.1', resolve))
    stage = await openStage({ network: { clock } })
  })
  afterAll(async () => {
    await stage.close()
    receiver.close()
  })

  it('reach a receiver that verifies them with the package of Standard Webhooks, again after a failure', async () => {
    const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`
    const headers = { authorization: `Bearer ${await stage.key()}`, 'content-type': 'application/json' }
    const subscribe = () =>
      fetch(`${stage.url}api/verbs/subscribe`, {
        method: 'POST',
        headers,
        body: JSON.stringify({ url, kinds: ['thing.done'] }),
      })
    // The node says how far its webhooks reach once it has started.
    let answer = await subscribe()
    while (answer.status === 400) answer = await subscribe()
    const { secret } = (await answer.json()) as { secret: string }
    await stage.network.db.tx(tx =>
      append(tx, { at: NOW, kind: 'thing.done', actor: ids.bob, subject: ids.bees, payload: {} }),
    )
    await next.promise
    next = Promise.withResolvers()
    const failures = () => stage.network.db.query('select failures from webhooks')
    await expect.poll(failures).toEqual([{ failures: 1 }])
    clock.offsetMs += 10_000
    await next.promise
    const [first, second] = arrived
    expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id'])
    expect(
      new Webhook(secret).verify(second?.body ?? '', second?.headers as Record<string, string>),
    ).toMatchObject({
      type: 'thing.done',
      data: { subject: ids.bees },
    })
  })
})
