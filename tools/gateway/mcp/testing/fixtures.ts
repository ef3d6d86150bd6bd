import {
  acceptedContent,
  completable,
  type InputRequiredResult,
  inputRequired,
  type McpServer,
  ResourceTemplate,
  type ServerContext,
} from '@modelcontextprotocol/server'
import { z } from 'zod'
import { described } from '../schemas.ts'
import type { Desk } from '../server.ts'
import { askingFixtures, form } from './asking-fixtures.ts'

/** One red pixel. */
const png = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGP4z8DwHwAFAAH/iZk9HQAAAABJRU5ErkJggg=='
/** A header without samples. */
const wav = 'UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA='

const text = (text: string) => ({ type: 'text' as const, text })
const image = { type: 'image' as const, data: png, mimeType: 'image/png' }
const resource = (uri: string, mimeType: string, text: string) => ({
  type: 'resource' as const,
  resource: { uri, mimeType, text },
})
const pause = () => new Promise(resolve => setTimeout(resolve, 50))

/** What `@modelcontextprotocol/conformance` wants to find on a server that it tests. Mounted by its test only. */
export const conformanceFixtures = (server: McpServer, desk: Desk): void => {
  server.server.registerCapabilities({ logging: {} })
  contentTools(server)
  movingTools(server)
  askingFixtures(server, desk)
  schemaTools(server)
  resources(server)
  prompts(server)
}

const contentTools = (server: McpServer): void => {
  const shows = (name: string, ...content: (ReturnType<typeof text | typeof resource> | typeof image)[]) =>
    server.registerTool(name, { description: name }, () => ({ content }))
  shows('test_simple_text', text('This is a simple text response for testing.'))
  shows('test_image_content', image)
  shows(
    'test_embedded_resource',
    resource('test://embedded-resource', 'text/plain', 'This is an embedded resource content.'),
  )
  shows(
    'test_multiple_content_types',
    text('Multiple content types test:'),
    image,
    resource('test://mixed-content-resource', 'application/json', '{"test":"data","value":123}'),
  )
  server.registerTool('test_audio_content', { description: 'A sound.' }, () => ({
    content: [{ type: 'audio', data: wav, mimeType: 'audio/wav' }],
  }))
  server.registerTool('test_error_handling', { description: 'Fails.' }, () => {
    throw new Error('This tool intentionally returns an error for testing')
  })
}

const movingTools = (server: McpServer): void => {
  const logs = async ({ mcpReq }: ServerContext) => {
    for (const line of ['Tool execution started', 'Tool processing data', 'Tool execution completed']) {
      await mcpReq.log('info', line)
      await pause()
    }
    return { content: [text('logged')] }
  }
  server.registerTool('test_tool_with_logging', { description: 'Logs.' }, logs)
  server.registerTool('test_logging_tool', { description: 'Logs.' }, logs)
  server.registerTool('test_tool_with_progress', { description: 'Moves.' }, async ({ mcpReq }) => {
    const progressToken = mcpReq._meta?.progressToken
    for (const progress of [0, 50, 100]) {
      if (progressToken !== undefined)
        await mcpReq.notify({
          method: 'notifications/progress',
          params: { progressToken, progress, total: 100 },
        })
      await pause()
    }
    return { content: [text('done')] }
  })
}

const schemaTools = (server: McpServer): void => {
  const takes = (name: string, schema: Record<string, unknown>) =>
    server.registerTool(name, { description: name, inputSchema: described(schema) }, () => ({
      content: [text('taken')],
    }))
  takes('json_schema_2020_12_tool', dialect)
  takes('test_header', {
    type: 'object',
    properties: { region: { type: 'string', 'x-mcp-header': 'Region' } },
    required: ['region'],
  })
}

/** Every keyword that the suite looks for in a tool's schema. */
const dialect = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  $defs: {
    address: {
      $anchor: 'addressDef',
      type: 'object',
      properties: { street: { type: 'string' }, city: { type: 'string' } },
    },
  },
  properties: {
    name: { type: 'string' },
    address: { $ref: '#/$defs/address' },
    contactMethod: { type: 'string', enum: ['phone', 'email'] },
    phone: { type: 'string' },
    email: { type: 'string' },
  },
  allOf: [{ anyOf: [{ required: ['phone'] }, { required: ['email'] }] }],
  if: { properties: { contactMethod: { const: 'phone' } }, required: ['contactMethod'] },
  // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema.
  then: { required: ['phone'] },
  else: { required: ['email'] },
  additionalProperties: false,
}

const resources = (server: McpServer): void => {
  server.registerResource('static-text', 'test://static-text', { mimeType: 'text/plain' }, uri => ({
    contents: [
      { uri: uri.href, mimeType: 'text/plain', text: 'This is the content of the static text resource.' },
    ],
  }))
  server.registerResource('static-binary', 'test://static-binary', { mimeType: 'image/png' }, uri => ({
    contents: [{ uri: uri.href, mimeType: 'image/png', blob: png }],
  }))
  server.registerResource(
    'template',
    new ResourceTemplate('test://template/{id}/data', { list: undefined }),
    { mimeType: 'application/json' },
    (uri, { id }) => ({
      contents: [
        {
          uri: uri.href,
          mimeType: 'application/json',
          text: JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` }),
        },
      ],
    }),
  )
}

const prompts = (server: McpServer): void => {
  const user = <T>(content: T) => ({ role: 'user' as const, content })
  server.registerPrompt('test_simple_prompt', { description: 'Plain.' }, () => ({
    messages: [user(text('This is a simple prompt for testing.'))],
  }))
  const argument = completable(z.string(), typed =>
    ['testValue1', 'testValue2'].filter(v => v.startsWith(typed)),
  )
  server.registerPrompt(
    'test_prompt_with_arguments',
    { description: 'With arguments.', argsSchema: z.object({ arg1: argument, arg2: z.string() }) },
    ({ arg1, arg2 }) => ({
      messages: [user(text(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`))],
    }),
  )
  server.registerPrompt(
    'test_prompt_with_embedded_resource',
    { description: 'With a resource.', argsSchema: z.object({ resourceUri: z.string() }) },
    ({ resourceUri }) => ({
      messages: [
        user(resource(resourceUri, 'text/plain', 'Embedded resource content for testing.')),
        user(text('Please process the embedded resource above.')),
      ],
    }),
  )
  server.registerPrompt('test_prompt_with_image', { description: 'With an image.' }, () => ({
    messages: [user(image), user(text('Please analyze the image above.'))],
  }))
  server.registerPrompt(
    'test_input_required_result_prompt',
    { description: 'Asks first.' },
    ({ mcpReq }): InputRequiredResult | { messages: ReturnType<typeof user<ReturnType<typeof text>>>[] } => {
      const said = acceptedContent(mcpReq.inputResponses, 'user_context', z.object({ context: z.string() }))
      return said === undefined
        ? inputRequired({
            inputRequests: {
              user_context: form('What context should the prompt use?', { context: { type: 'string' } }),
            },
          })
        : { messages: [user(text(`Context: ${said.context}`))] }
    },
  )
}
