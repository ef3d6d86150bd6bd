import type { CallbackManagerForLLMRun } from '@langchain/core/callbacks/manager'
import { BaseChatModel, type BindToolsInput } from '@langchain/core/language_models/chat_models'
import { AIMessage, type BaseMessage } from '@langchain/core/messages'
import type { ChatResult } from '@langchain/core/outputs'
import { convertToOpenAITool } from '@langchain/core/utils/function_calling'

/** What the model does in one turn: calls tools, says something, throws, or never answers. */
export type Turn =
  | { readonly calls: readonly { readonly name: string; readonly args: Record<string, unknown> }[] }
  | { readonly says: string }
  | { readonly throws: Error }
  | 'hangs'

/** The script: what to do after these messages, in the turn of that number from 0. */
export type Script = (messages: readonly BaseMessage[], turn: number) => Turn

export const calls = (name: string, args: Record<string, unknown> = {}): Turn => ({ calls: [{ name, args }] })

/** A chat model that follows a script and keeps everything that reached it. */
export class ScriptedModel extends BaseChatModel {
  readonly script: Script
  /** Everything that it was told, turn by turn: the messages and the tools' descriptions, as JSON. */
  readonly prompts: string[] = []
  /** The tools as they were described to it; LangChain takes a model with `tools` for one that has some already. */
  described: unknown[] = []

  constructor(script: Script) {
    super({})
    this.script = script
  }

  override _llmType(): string {
    return 'scripted'
  }

  override bindTools(tools: BindToolsInput[]) {
    this.described = tools.map(tool => convertToOpenAITool(tool as Parameters<typeof convertToOpenAITool>[0]))
    return this.withConfig({})
  }

  override async _generate(
    messages: BaseMessage[],
    _options: this['ParsedCallOptions'],
    _manager?: CallbackManagerForLLMRun,
  ): Promise<ChatResult> {
    const turn = this.prompts.length
    this.prompts.push(
      JSON.stringify({ messages: messages.map(message => message.toJSON()), tools: this.described }),
    )
    const next = this.script(messages, turn)
    if (next === 'hangs') return new Promise(() => {})
    if ('throws' in next) throw next.throws
    const message =
      'says' in next
        ? new AIMessage(next.says)
        : new AIMessage({
            content: '',
            tool_calls: next.calls.map(({ name, args }, at) => ({
              name,
              args,
              id: `call-${turn}-${at}`,
              type: 'tool_call' as const,
            })),
          })
    return { generations: [{ text: message.text, message }] }
  }
}
