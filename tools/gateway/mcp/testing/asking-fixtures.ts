import {
  acceptedContent,
  CLIENT_CAPABILITIES_META_KEY,
  type InputRequests,
  inputRequired,
  type McpServer,
  type ServerContext,
} from '@modelcontextprotocol/server'
import { z } from 'zod'
import type { Confirmed } from '../confirm.ts'
import type { Desk } from '../server.ts'

const text = (text: string) => ({ type: 'text' as const, text })

/** The tools of the conformance suite that ask the client back. */
export const askingFixtures = (server: McpServer, desk: Desk): void => {
  askingTools(server)
  statefulTools(server, desk)
}

type Properties = Record<string, z.infer<typeof property>>
const property = z.any()

export const form = (
  message: string,
  properties: Properties,
  required: readonly string[] = Object.keys(properties),
) =>
  inputRequired.elicit({ message, requestedSchema: { type: 'object', properties, required: [...required] } })
const sampling = (prompt: string, maxTokens = 100) =>
  inputRequired.createMessage({ messages: [{ role: 'user', content: text(prompt) }], maxTokens })

const string = { type: 'string' }
const name = z.object({ name: z.string() })

const askingTools = (server: McpServer): void => {
  /** Asks once, then tells what came back. */
  const asks = (tool: string, requests: InputRequests) =>
    server.registerTool(tool, { description: tool }, ({ mcpReq }) => {
      const answers = mcpReq.inputResponses ?? {}
      if (!Object.keys(requests).every(key => key in answers))
        return inputRequired({ inputRequests: requests })
      return { content: [text(`Answers: ${JSON.stringify(answers)}`)] }
    })
  asks('test_input_required_result_sampling', {
    capital_question: sampling('What is the capital of France?'),
  })
  asks('test_input_required_result_list_roots', { client_roots: inputRequired.listRoots() })
  asks('test_missing_capability', { sampled: sampling('Say anything.') })
  asks('test_streaming_elicitation', { said: form('Say anything.', { said: string }) })
  asks('test_elicitation_sep1034_defaults', {
    defaults: form(
      'Defaults of every kind.',
      {
        name: { type: 'string', default: 'John Doe' },
        age: { type: 'integer', default: 30 },
        score: { type: 'number', default: 95.5 },
        status: { type: 'string', enum: ['active', 'inactive', 'pending'], default: 'active' },
        verified: { type: 'boolean', default: true },
      },
      [],
    ),
  })
  asks('test_elicitation_sep1330_enums', { enums: form('Choices of every kind.', choices, []) })
  server.registerTool(
    'test_sampling',
    { description: 'Samples.', inputSchema: z.object({ prompt: z.string() }) },
    ({ prompt }, { mcpReq }) =>
      mcpReq.inputResponses?.sampled === undefined
        ? inputRequired({ inputRequests: { sampled: sampling(prompt) } })
        : { content: [text(`LLM response: ${JSON.stringify(mcpReq.inputResponses.sampled)}`)] },
  )
  server.registerTool(
    'test_elicitation',
    { description: 'Asks.', inputSchema: z.object({ message: z.string() }) },
    ({ message }, { mcpReq }) =>
      mcpReq.inputResponses?.person === undefined
        ? inputRequired({ inputRequests: { person: form(message, { username: string, email: string }) } })
        : { content: [text(`User response: ${JSON.stringify(mcpReq.inputResponses.person)}`)] },
  )
  server.registerTool(
    'test_input_required_result_elicitation',
    { description: 'Asks a name.' },
    ({ mcpReq }) => {
      const said = acceptedContent(mcpReq.inputResponses, 'user_name', name)
      return said === undefined
        ? inputRequired({ inputRequests: { user_name: form('What is your name?', { name: string }) } })
        : { content: [text(`Hello, ${said.name}!`)] }
    },
  )
  server.registerTool(
    'test_input_required_result_capabilities',
    { description: 'Asks what it can.' },
    ({ mcpReq }) => {
      const able = (mcpReq.envelope as Record<string, Record<string, unknown>> | undefined)?.[
        CLIENT_CAPABILITIES_META_KEY
      ]
      const requests: InputRequests = {
        ...(able?.elicitation === undefined
          ? {}
          : { user_name: form('What is your name?', { name: string }) }),
        ...(able?.sampling === undefined ? {} : { greeting: sampling('Greet.') }),
      }
      return Object.keys(requests).length === 0
        ? { content: [text('The client can do nothing.')] }
        : inputRequired({ inputRequests: requests })
    },
  )
}

const titled = (key: 'oneOf' | 'anyOf', noun: string) => ({
  [key]: ['First', 'Second', 'Third'].map((word, at) => ({
    const: `value${at + 1}`,
    title: `${word} ${noun}`,
  })),
})
const options = ['option1', 'option2', 'option3']
const choices: Properties = {
  untitledSingle: { type: 'string', enum: options },
  titledSingle: { type: 'string', ...titled('oneOf', 'Option') },
  legacyEnum: {
    type: 'string',
    enum: ['opt1', 'opt2', 'opt3'],
    enumNames: ['Option One', 'Option Two', 'Option Three'],
  },
  untitledMulti: { type: 'array', items: { type: 'string', enum: options } },
  titledMulti: { type: 'array', items: titled('anyOf', 'Choice') },
}

const statefulTools = (server: McpServer, { states }: Desk): void => {
  const state = (key: string, context: ServerContext) =>
    states.mint({ verb: 'test', inputHash: '', key }, context)
  const again = async (context: ServerContext, key: string, inputRequests: InputRequests) =>
    inputRequired({ inputRequests, requestState: await state(key, context) })
  const confirm = { confirm: form('Please confirm', { ok: { type: 'boolean' } }) }
  for (const tool of [
    'test_input_required_result_request_state',
    'test_input_required_result_tampered_state',
  ])
    server.registerTool(tool, { description: tool }, async context =>
      context.mcpReq.requestState<Confirmed>()?.key === 'asked'
        ? { content: [text('state-ok')] }
        : again(context, 'asked', confirm),
    )
  server.registerTool(
    'test_input_required_result_multiple_inputs',
    { description: 'Asks all.' },
    async context =>
      context.mcpReq.requestState<Confirmed>()?.key === 'asked'
        ? { content: [text('all there')] }
        : again(context, 'asked', {
            user_name: form('What is your name?', { name: string }),
            greeting: sampling('Generate a greeting', 50),
            client_roots: inputRequired.listRoots(),
          }),
  )
  server.registerTool(
    'test_input_required_result_multi_round',
    { description: 'Asks twice.' },
    async context => {
      const round = context.mcpReq.requestState<Confirmed>()?.key
      if (round === 'step2') return { content: [text('both said')] }
      return round === 'step1'
        ? again(context, 'step2', { step2: form('Step 2: What is your favorite color?', { color: string }) })
        : again(context, 'step1', { step1: form('Step 1: What is your name?', { name: string }) })
    },
  )
}
