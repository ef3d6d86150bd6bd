import { HumanMessage } from '@langchain/core/messages'
import { tool } from 'langchain'
import { expect, it } from 'vitest'
import { z } from 'zod'
import type { Network } from '../../tools/context.ts'
import { openChatModel } from './chat-model.ts'

type Engine = Network['engine']
type Request = Parameters<Engine['generate']>[0]

const networkOf = (text: string, requests: Request[] = []) => ({
  folder: '/nowhere',
  db: { query: async () => [] } as unknown as Network['db'],
  engine: {
    generate: async (request: Request) => {
      requests.push(request)
      return { text }
    },
  } as unknown as Engine,
})

it.each(['gpt-4', 'nobody:model', 'openai:', ':model'])(
  '%j is refused as the operator’s mistake',
  async setting => {
    await expect(openChatModel(setting, networkOf(''))).rejects.toMatchObject({
      code: 'chat-model-invalid',
      blame: 'operator',
    })
  },
)

it('a missing package is named with the command that installs it', async () => {
  await expect(openChatModel('ollama:llama', networkOf(''))).rejects.toMatchObject({
    code: 'chat-model-package-missing',
    fix: expect.stringContaining('npm install @langchain/ollama'),
    blame: 'operator',
  })
})

it('a model that nobody released is refused', async () => {
  await expect(openChatModel('self:hornets', networkOf(''))).rejects.toMatchObject({ code: 'model-unknown' })
})

it('this node’s engine answers as a chat model', async () => {
  const model = await openChatModel('self:base', networkOf('Hello.'))
  expect((await model.invoke([new HumanMessage('Hi')])).text).toBe('Hello.')
})

it('with tools, the engine’s text is constrained to one call', async () => {
  const requests: Request[] = []
  const model = await openChatModel('self:base', networkOf('{"tool":"add","input":{"a":2}}', requests))
  const add = tool(async () => '4', { name: 'add', description: 'Add.', schema: z.object({ a: z.number() }) })
  const answer = await model.bindTools?.([add]).invoke([new HumanMessage('2 and 2')])
  expect(answer).toMatchObject({ tool_calls: [{ name: 'add', args: { a: 2 } }] })
  expect(requests[0]?.constraint).toMatchObject({ kind: 'json-schema' })
  expect(JSON.stringify(requests[0]?.messages)).toContain('add: Add.')
})

it('a call that was cut off is none', async () => {
  const model = await openChatModel('self:base', networkOf('{"tool":"add","inp'))
  const add = tool(async () => '4', { name: 'add', description: 'Add.', schema: z.object({ a: z.number() }) })
  expect(await model.bindTools?.([add]).invoke([new HumanMessage('2 and 2')])).toMatchObject({
    tool_calls: [],
  })
})
