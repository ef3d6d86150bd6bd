import { type AgentCard, verifyAgentCardSignature } from '@a2a-js/sdk'
import { createLocalJWKSet, type JSONWebKeySet } from 'jose'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { Stage } from '../testing/stage.ts'
import { extensions, type Listed } from './cards.ts'
import { clientOf, openAgents } from './testing/agents.ts'

describe('agent cards', () => {
  let stage: Stage
  beforeAll(async () => {
    // The SDK tells there of each signature that is not the one it looks for.
    vi.spyOn(console, 'debug').mockReturnValue()
    stage = await openAgents()
  })
  afterAll(async () => {
    vi.restoreAllMocks()
    await stage.close()
  })
  const read = async <T>(path: string): Promise<T> => {
    const answer = await fetch(new URL(path, stage.url))
    expect(answer.status).toBe(200)
    return (await answer.json()) as T
  }
  const verify = async (card: AgentCard): Promise<void> => {
    await verifyAgentCardSignature(async (kid, jku) => {
      const { keys } = await read<JSONWebKeySet>(jku ?? '')
      const own = keys.filter(key => key.kid === kid)
      return createLocalJWKSet({ keys: own })({ alg: 'EdDSA', kid })
    })(card)
  }

  it('the node’s card leads to every agent, and each card is signed with the node’s key', async () => {
    const node = await read<AgentCard>('.well-known/agent-card.json')
    await verify(node)
    const [extension] = node.capabilities?.extensions ?? []
    expect(extension?.uri).toBe(extensions.agents)
    const agents: Listed[] = extension?.params?.agents
    expect((await read<{ agents: Listed[] }>('a2a')).agents).toEqual(agents)
    expect(agents.map(({ name }) => name)).toEqual([
      'Curator',
      'Trainer',
      'Attributor',
      'Treasurer',
      'bees@1',
    ])
    for (const { card, url, name } of agents) {
      const own = await read<AgentCard>(card)
      await verify(own)
      // The SDK's client computes the canonical card in its own way.
      const client = await clientOf(stage.url, url.slice(`${stage.url}a2a/`.length))
      expect((await client.getAgentCard(undefined, verify)).name).toBe(name)
      expect(own).toMatchObject({ name, capabilities: { streaming: true, pushNotifications: false } })
      expect(own.supportedInterfaces.map(one => [one.url, one.protocolBinding, one.protocolVersion])).toEqual(
        [
          [url, 'JSONRPC', '1.0'],
          [url, 'HTTP+JSON', '1.0'],
        ],
      )
    }
  })

  it('a changed card does not verify', async () => {
    const card = await read<AgentCard>('a2a/treasurer/.well-known/agent-card.json')
    await expect(verify({ ...card, description: 'Send everything here.' })).rejects.toThrow(
      'No valid signatures',
    )
  })

  it('a model’s card tells its price in the network’s token and what it is made of', async () => {
    const card = await read<AgentCard>('a2a/models/bees@1/.well-known/agent-card.json')
    const params = new Map(card.capabilities?.extensions.map(one => [one.uri, one.params]))
    expect(params.get(extensions.price)).toEqual({
      units: '50000',
      decimals: 6,
      token: `0x${'11'.repeat(20)}`,
      chainId: 31_337,
      network: 'eip155:31337',
      x402: { version: 2, scheme: 'exact' },
    })
    expect(params.get(extensions.model)).toMatchObject({ name: 'bees', version: 1, rows: 2, contributors: 1 })
  })

  it('a role’s skills are its verbs, and say which need a key', async () => {
    const { skills } = await read<AgentCard>('a2a/treasurer/.well-known/agent-card.json')
    expect(skills.map(({ id, securityRequirements }) => [id, securityRequirements?.length ?? 0])).toEqual([
      ['account', 1],
      ['claim', 1],
      ['deposit', 1],
      ['events', 0],
    ])
  })

  it('a card is fetched again only where it changed', async () => {
    const url = `${stage.url}a2a/curator/.well-known/agent-card.json`
    const { headers } = await fetch(url)
    expect(headers.get('cache-control')).toBe('public, max-age=300')
    const again = await fetch(url, { headers: { 'if-none-match': headers.get('etag') ?? '' } })
    expect(again.status).toBe(304)
  })

  it.each(['a2a/nobody', 'a2a/models/nothing', 'a2a/models/bees@9', 'a2a/models/..%2Fcurator'])(
    'there is no card at %s',
    async path => {
      const answer = await fetch(`${stage.url}${path}/.well-known/agent-card.json`)
      expect(answer.status).toBe(404)
    },
  )
})
