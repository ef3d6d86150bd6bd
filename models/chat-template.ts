import { createContext, Script } from 'node:vm'
import { Template } from '@huggingface/jinja'
import { fault } from '../infra/errors.ts'

export interface Message {
  role: 'system' | 'user' | 'assistant'
  content: string
}

export interface ChatTemplate {
  render(messages: readonly Message[], addGenerationPrompt: boolean): string
}

/** The largest templates of public models have about 20,000 characters. */
const maxTemplateCharacters = 100_000
const maxRenderedCharacters = 4_000_000
/** A template is a program that came with the weights. The clock also runs while a loaded machine does other things, so it gets thousands of times what an honest one needs. */
const maxMilliseconds = 5_000

/** Plain turns, for a base model that ships without a template. */
const plainTurns = `{{ bos_token }}{% for message in messages %}{{ message['role'] | capitalize }}: {{ message['content'] }}{{ eos_token }}
{% endfor %}{% if add_generation_prompt %}Assistant: {% endif %}`

/**
 * A chat template in Jinja, under size and time limits.
 * Throws `chat-template` where the template is too large, faulty, too slow or refuses the conversation.
 */
export const chatTemplate = (
  source: string | null,
  specials: { bos_token: string; eos_token: string },
): ChatTemplate => {
  const text = source ?? plainTurns
  if (text.length > maxTemplateCharacters)
    throw refused(`The chat template has ${text.length} characters, over ${maxTemplateCharacters}.`)
  const template = within(() => new Template(text))
  return {
    render(messages, addGenerationPrompt) {
      const rendered = within(() =>
        template.render({
          ...specials,
          messages: messages.map(message => ({ ...message })),
          add_generation_prompt: addGenerationPrompt,
        }),
      )
      if (rendered.length > maxRenderedCharacters)
        throw refused(`The chat template made ${rendered.length} characters of the conversation.`)
      return rendered
    },
  }
}

const call = new Script('work()')
const room = createContext({ work: () => undefined })

/** Runs synchronous work under the time limit; the vm's watchdog also stops code outside the context that it calls. */
const within = <T>(work: () => T): T => {
  let result: T | undefined
  room.work = () => {
    result = work()
  }
  try {
    call.runInContext(room, { timeout: maxMilliseconds })
  } catch (cause) {
    throw refused(`The chat template failed: ${cause instanceof Error ? cause.message : 'unknown'}`, cause)
  } finally {
    room.work = () => undefined
  }
  return result as T
}

const refused = (message: string, cause?: unknown) =>
  fault('chat-template', message, {
    fix: "Repair chat_template in the base model's tokenizer_config.json, or use another base model.",
    blame: 'operator',
    ...(cause === undefined ? {} : { cause }),
  })
