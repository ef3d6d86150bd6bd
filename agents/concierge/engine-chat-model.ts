import type { CallbackManagerForLLMRun } from '@langchain/core/callbacks/manager'
import {
  BaseChatModel,
  type BaseChatModelCallOptions,
  type BindToolsInput,
} from '@langchain/core/language_models/chat_models'
import { AIMessage, type BaseMessage } from '@langchain/core/messages'
import type { ChatResult } from '@langchain/core/outputs'
import { convertToOpenAITool } from '@langchain/core/utils/function_calling'
import type { Network } from '../../tools/context.ts'

type Engine = Network['engine']

interface Tool {
  readonly name: string
  readonly description: string
  readonly parameters: unknown
}

interface CallOptions extends BaseChatModelCallOptions {
  tools?: readonly Tool[]
}

/** Tokens of one turn: a tool call with a few short words. */
const turnTokens = 160

/**
 * This node's own engine as a chat model of LangChain. With tools bound, the text is constrained to one tool call as JSON
 * (`{"tool": …, "input": …}`), since the base was never taught a format of its own.
 */
export class EngineChatModel extends BaseChatModel<CallOptions> {
  readonly engine: Engine
  readonly adapter: string | null

  constructor({ engine, adapter }: { engine: Engine; adapter: string | null }) {
    super({})
    this.engine = engine
    this.adapter = adapter
  }

  override _llmType(): string {
    return 'tributary'
  }

  override bindTools(tools: BindToolsInput[], options: Partial<CallOptions> = {}) {
    const described = tools.map(tool => {
      const { function: known } = convertToOpenAITool(tool as Parameters<typeof convertToOpenAITool>[0])
      return { name: known.name, description: known.description ?? '', parameters: known.parameters ?? {} }
    })
    return this.withConfig({ ...options, tools: described })
  }

  override async _generate(
    messages: BaseMessage[],
    options: this['ParsedCallOptions'],
    _manager?: CallbackManagerForLLMRun,
  ): Promise<ChatResult> {
    const tools = options.tools ?? []
    const { text } = await this.engine.generate({
      messages: [...manual(tools), ...messages.map(turnOf)],
      adapter: this.adapter,
      maxTokens: turnTokens,
      temperature: 0,
      topP: 1,
      repetitionPenalty: 1,
      seed: 1,
      ...(tools.length === 0 ? {} : { constraint: { kind: 'json-schema', schema: callSchema(tools) } }),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    })
    const call = tools.length === 0 ? null : callIn(text)
    const message =
      call === null
        ? new AIMessage(text)
        : new AIMessage({
            content: '',
            tool_calls: [
              { name: call.tool, args: call.input, id: `call-${messages.length}`, type: 'tool_call' },
            ],
          })
    return { generations: [{ text, message }] }
  }
}

const roles: Readonly<Record<string, 'system' | 'user' | 'assistant'>> = {
  system: 'system',
  ai: 'assistant',
}

const turnOf = (message: BaseMessage) => {
  const calls: unknown = Reflect.get(message, 'tool_calls')
  const content = Array.isArray(calls) && calls.length > 0 ? JSON.stringify(calls) : message.text
  return { role: roles[message.type] ?? 'user', content } as const
}

const manual = (tools: readonly Tool[]) =>
  tools.length === 0
    ? []
    : [
        {
          role: 'system' as const,
          content: `Answer with one tool call as JSON. Tools:\n${tools.map(({ name, description }) => `${name}: ${description}`).join('\n')}`,
        },
      ]

const callSchema = (tools: readonly Tool[]) => ({
  anyOf: tools.map(({ name, parameters }) => ({
    type: 'object',
    properties: { tool: { const: name }, input: parameters },
    required: ['tool', 'input'],
    additionalProperties: false,
  })),
})

/** The call in a text; null where the text was cut off before it was whole. */
const callIn = (text: string): { tool: string; input: Record<string, unknown> } | null => {
  try {
    return JSON.parse(text) as { tool: string; input: Record<string, unknown> }
  } catch {
    return null
  }
}
