import { z } from 'zod'
import { canonicalJson, sha256Hex } from '../infra/canonical.ts'
import { fault } from '../infra/errors.ts'
import type { Engine, GenerateRequest, Generation, Message } from '../models/engine.ts'
import { tokenOffsets } from '../models/tokenizer.ts'
import { limits } from './limits.ts'

/** Text that the database and a hash can hold: without NUL characters and halves of surrogate pairs. */
export const plainText = z.string().refine(text => text.isWellFormed() && !text.includes('\0'), {
  error: 'holds a NUL character or half of a surrogate pair',
})

const turn = z.object({
  role: z.enum(['system', 'user', 'assistant']),
  content: plainText.max(limits.conversationCharacters),
})

/**
 * What a program may say beside the question. The whole of it is kept with the answer, so that a call cut short by a crash
 * is repeated as it was, and is erased with it.
 */
export const askRequest = z.object({
  /** The conversation before the question, oldest first, and what followed it, such as the results of functions. */
  earlier: z.array(turn).max(limits.turns).optional(),
  later: z.array(turn).max(limits.turns).optional(),
  temperature: z.number().min(0).max(2).optional(),
  topP: z.number().gt(0).max(1).optional(),
  seed: z.number().int().optional(),
  /** More than the network allows is cut to that. */
  maxTokens: z.number().int().min(1).optional(),
  stop: z.array(plainText.min(1).max(256)).max(16).optional(),
  frequencyPenalty: z.number().min(-2).max(2).optional(),
  presencePenalty: z.number().min(-2).max(2).optional(),
  /** Added to the logits of tokens, by their number. */
  logitBias: z.record(z.string().regex(/^\d{1,9}$/), z.number().min(-100).max(100)).optional(),
  /** Whether the answer's tokens come with their log-probabilities, and with how many others at each place. */
  logProbs: z.boolean().optional(),
  topLogProbs: z.number().int().min(0).max(20).optional(),
  constraint: z
    .discriminatedUnion('kind', [
      z.object({ kind: z.literal('json') }),
      z.object({ kind: z.literal('json-schema'), schema: z.record(z.string(), z.unknown()) }),
    ])
    .optional(),
  /** The program's own tag of whom it asks for. */
  user: plainText.max(256).optional(),
})
export type AskRequest = z.output<typeof askRequest>

/** A token of an answer; natural logarithms. */
export const toldToken = z.object({
  text: z.string(),
  logProb: z.number(),
  top: z.array(z.object({ text: z.string(), logProb: z.number() })),
})

/** The conversation that a model is given. */
export const messagesOf = (question: string, request: AskRequest | null | undefined): Message[] => [
  ...(request?.earlier ?? []),
  { role: 'user', content: question },
  ...(request?.later ?? []),
]

/**
 * How an answer is sampled: the likeliest token, dampened against repetition, where nothing else is asked. `own` is the seed
 * of a question that brings none.
 */
export const samplingOf = (
  request: AskRequest | undefined,
  own: number,
): Omit<GenerateRequest, 'messages' | 'adapter' | 'signal'> => {
  const { frequencyPenalty, presencePenalty, constraint, logitBias, stop } = request ?? {}
  // A constraint needs its quotation marks again and again, and other penalties are the program's own.
  const dampened = constraint === undefined && frequencyPenalty === undefined && presencePenalty === undefined
  return {
    temperature: request?.temperature ?? 0,
    topP: request?.topP ?? 1,
    repetitionPenalty: dampened ? 1.1 : 1,
    seed: request?.seed ?? own,
    maxTokens: Math.min(request?.maxTokens ?? limits.answerTokens, limits.mostAnswerTokens),
    ...(frequencyPenalty === undefined ? {} : { frequencyPenalty }),
    ...(presencePenalty === undefined ? {} : { presencePenalty }),
    ...(constraint === undefined ? {} : { constraint }),
    ...(stop === undefined ? {} : { stop }),
    ...(request?.logProbs === true ? { topLogProbs: request.topLogProbs ?? 0 } : {}),
    ...(logitBias === undefined
      ? {}
      : {
          logitBias: new Map(Object.entries(logitBias).map(([token, bias]) => [Number(token), bias])),
        }),
  }
}

/** SHA-256 of everything that was asked under the answer's salt, as the receipt of a conversation holds it. */
export const requestHashOf = (salt: Uint8Array, question: string, request: AskRequest): string =>
  sha256Hex(salt, canonicalJson({ question, request }))

/** The tokens of an answer as texts that make up the answer, each with its log-probability. */
export const tokensOf = (
  { decode }: Pick<Engine, 'decode'>,
  { text, tokens, logProbs, top }: Generation,
): z.output<typeof toldToken>[] => {
  const at = tokenOffsets(found => decode([...found]), tokens)
  const told = tokens.map((_, i) => ({
    text: text.slice(at[i], at[i + 1]),
    logProb: logProbs[i] ?? 0,
    top: (top[i] ?? []).map(({ token, logProb }) => ({ text: decode([token]), logProb })),
  }))
  // What a stop string cut off is not part of the answer.
  return told.filter((_, i) => (at[i] ?? 0) < text.length)
}

/** Throws `prompt-too-long`, before anything is paid, where a conversation cannot fit whatever its template adds. */
export const refuseTooLong = ({ base, encode }: Engine, messages: readonly Message[]): void => {
  const { context } = base.config
  const tokens = messages.reduce((sum, { content }) => sum + encode(content).length, 0)
  if (tokens < context) return
  throw fault(
    'prompt-too-long',
    `The conversation has ${tokens} tokens or more; the model reads ${context}.`,
    {
      fix: 'Shorten it or start a new one.',
      facts: { tokens, context },
    },
  )
}
