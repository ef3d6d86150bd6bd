import type { BaseChatModel } from '@langchain/core/language_models/chat_models'
import { isFault } from '../infra/errors.ts'
import type { Network } from '../tools/context.ts'
import type { Verb } from '../tools/registry.ts'
import type { Understand } from '../tools/understanding.ts'
import { readByAgent } from './concierge/agent.ts'
import { readByGrammar } from './concierge/grammar.ts'
import { learnIntents, readUtterances } from './concierge/intents.ts'

export { openChatModel } from './concierge/chat-model.ts'

const examples = new URL('../infra/samples/utterances/examples.jsonl', import.meta.url)

let learned: ReturnType<typeof learnIntents> | undefined

/**
 * The grammar alone. The first call of a process learns it from the shipped examples (about 0.3 s of computing, so at the
 * start and not at a line); what it returns reads a line in about a millisecond.
 */
export const openGrammar = (): Understand => {
  learned ??= learnIntents(readUtterances(examples))
  const rank = learned
  return async (line, situation) => readByGrammar(line, situation, rank)
}

export interface ConciergeParts {
  readonly network: Network
  readonly verbs: readonly Verb[]
  /** Reads the lines; without one, and whenever it fails or does not decide, the grammar does. */
  readonly chatModel?: BaseChatModel | null
  deadline?(): AbortSignal
}

/**
 * Opens what reads free text. It changes nothing on the network: what it returns is for the person to confirm. It never throws.
 */
export const openConcierge = ({ network, verbs, chatModel = null, deadline }: ConciergeParts): Understand => {
  const grammar = openGrammar()
  if (chatModel === null) return grammar
  const parts = { network, verbs, chatModel, ...(deadline === undefined ? {} : { deadline }) }
  return async (line, situation) => {
    try {
      const read = await readByAgent(parts, line, situation)
      if (read !== null) return read
    } catch (error) {
      // Its message may repeat the prompt, which has the person's line in it: the kind of error has to do.
      const kind = isFault(error) ? error.code : error instanceof Error ? error.name : 'unknown'
      network.log.warn('concierge.chat-model-failed', { kind })
    }
    return grammar(line, situation)
  }
}
