import { afterAll, beforeAll, expect, it } from 'vitest'
import { langchainTools } from './langchain.ts'
import { anyone, as, ids, openSmallNetwork, type SmallNetwork } from './testing/small-network.ts'
import { verbs } from './verbs.ts'

let small: SmallNetwork
beforeAll(async () => {
  small = await openSmallNetwork()
})
afterAll(() => small.remove())

const toolOf = (name: string, caller = as(ids.ann)) => {
  const found = langchainTools(small.network, caller).find(item => item.name === name)
  if (found === undefined) throw new Error(`no tool ${name}`)
  return found
}

it('a member’s tools are the verbs a member may call', () => {
  const names = langchainTools(small.network, as(ids.ann)).map(item => item.name)
  const allowed = verbs
    .filter(verb => verb.who.includes('member') || verb.who.includes('anyone'))
    .map(verb => verb.name)
  expect(names).toEqual(allowed)
  expect(names).not.toContain('settle')
  expect(langchainTools(small.network, anyone).map(item => item.name)).not.toContain('ask')
})

it('a tool answers with the verb’s output as JSON', async () => {
  const { proposals } = JSON.parse(await toolOf('status').invoke({ proposal: 'bees' }))
  expect(proposals).toMatchObject([{ name: 'bees', state: 'serving' }])
})

it('a refusal reaches the agent with its fix, so that it can correct itself', async () => {
  expect(JSON.parse(await toolOf('status').invoke({ proposal: 'hornets' }))).toEqual({
    error: expect.stringContaining('hornets'),
    fix: expect.any(String),
  })
})

it('an input that the schema does not allow never reaches the verb', async () => {
  await expect(toolOf('vote').invoke({ proposal: 'wasps', choice: 'maybe' })).rejects.toThrow()
})

it('tools can be narrowed to some names', () => {
  expect(
    langchainTools(small.network, as(ids.ann), ['status', 'models'])
      .map(item => item.name)
      .sort(),
  ).toEqual(['models', 'status'])
})
