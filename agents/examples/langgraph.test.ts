import { TributaryClient } from 'tributary'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openStage, type Stage } from '../../tools/gateway/testing/stage.ts'
import { calls, ScriptedModel } from '../concierge/testing/scripted-model.ts'
import { beeAgent } from './langgraph.ts'

let stage: Stage
let client: TributaryClient
beforeAll(async () => {
  stage = await openStage()
  client = new TributaryClient({ url: stage.url, apiKey: await stage.key({ scopes: ['ask', 'read'] }) })
})
afterAll(() => stage.close())

const asked = [{ role: 'user', content: 'What is a nuc?' }]

it('an agent on LangGraph finds a model, asks it and answers with what it said', async () => {
  const scripted = new ScriptedModel((messages, turn) => {
    if (turn === 0) return calls('models')
    if (turn === 1) return calls('ask', { model: 'bees', question: 'What is a nuc?' })
    const { answer } = JSON.parse(String(messages.at(-1)?.content)) as { answer: string }
    return { says: `The network says: ${answer}` }
  })
  const agent = await beeAgent(scripted, client)
  const { messages } = await agent.invoke({ messages: asked })
  expect(messages.at(-1)?.content).toBe('The network says: You asked: What is a nuc?')
  expect(scripted.described).toHaveLength(3)
})

it('an agent that is refused reads why, and can correct itself', async () => {
  const scripted = new ScriptedModel((messages, turn) => {
    if (turn === 0) return calls('ask', { model: 'hornets', question: 'What is a nuc?' })
    if (turn === 1) {
      expect(String(messages.at(-1)?.content)).toMatch(/"fix"/)
      return calls('ask', { model: 'bees', question: 'What is a nuc?' })
    }
    return { says: String(messages.at(-1)?.content) }
  })
  const { messages } = await (await beeAgent(scripted, client)).invoke({ messages: asked })
  expect(messages.at(-1)?.content).toContain('You asked: What is a nuc?')
})
