import type { McpServer, ServerEvent } from '@modelcontextprotocol/server'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { append } from '../../../infra/ledger.ts'
import { ids, NOW, openSmallNetwork, type SmallNetwork } from '../../testing/small-network.ts'
import { openChanges, tellSubscribers } from './changes.ts'

describe('what subscribers hear', () => {
  let small: SmallNetwork
  beforeAll(async () => {
    small = await openSmallNetwork()
  })
  afterAll(() => small.remove())

  const happens = (subject: string, payload: Record<string, unknown> = {}) =>
    small.network.db.tx(tx =>
      append(tx, { at: NOW, kind: 'test.happened', actor: 'operator', subject, payload }),
    )

  it('is the ledger and the datanet that an event is about, by subject or by payload, from now on', async () => {
    const changes = openChanges(small.network, 5)
    const heard: string[] = []
    const both = Promise.withResolvers<void>()
    const end = changes.subscribe(event => {
      heard.push((event as { uri: string }).uri)
      if (heard.includes('tributary://datanets/bees') && heard.includes('tributary://datanets/wasps'))
        both.resolve()
    })
    await happens(ids.bees)
    await happens(ids.answer, { proposal: ids.wasps })
    await both.promise
    end()
    expect(new Set(heard)).toEqual(
      new Set(['tributary://ledger', 'tributary://datanets/bees', 'tributary://datanets/wasps']),
    )
  })

  it('is only what the client subscribed to, until it unsubscribes', () => {
    const listeners = new Set<(event: ServerEvent) => void>()
    const bus = {
      publish: (event: ServerEvent) => {
        for (const listener of listeners) listener(event)
      },
      subscribe: (listener: (event: ServerEvent) => void) => {
        listeners.add(listener)
        return () => listeners.delete(listener)
      },
    }
    const handlers = new Map<string, (request: { params: { uri: string } }) => unknown>()
    const told: string[] = []
    const server = {
      onclose: undefined as (() => void) | undefined,
      setRequestHandler: (method: string, handler: never) => handlers.set(method, handler),
      sendResourceUpdated: async ({ uri }: { uri: string }) => void told.push(uri),
    }
    tellSubscribers({ server } as unknown as McpServer, bus, 'legacy')
    expect(listeners.size).toBe(0)
    const bees = { params: { uri: 'tributary://datanets/bees' } }
    const all = () => {
      for (const name of ['bees', 'wasps'])
        bus.publish({ kind: 'resource_updated', uri: `tributary://datanets/${name}` })
    }
    handlers.get('resources/subscribe')?.(bees)
    all()
    handlers.get('resources/unsubscribe')?.(bees)
    all()
    expect(told).toEqual(['tributary://datanets/bees'])
    const long = `tributary://datanets/${'x'.repeat(300)}`
    handlers.get('resources/subscribe')?.({ params: { uri: long } })
    bus.publish({ kind: 'resource_updated', uri: long })
    expect(told).not.toContain(long)
    server.onclose?.()
    expect(listeners.size).toBe(0)
  })
})
