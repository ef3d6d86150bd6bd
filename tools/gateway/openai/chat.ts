import type { Context } from 'hono'
import { z } from 'zod'
import type { Env, Gate } from '../gate.ts'
import {
  type Answer,
  type Answering,
  answering,
  type Given,
  giveWhole,
  tributaryOf,
  usageOf,
} from './answers.ts'
import {
  type Choice,
  callOf,
  constraintOf,
  type Forced,
  forcedCall,
  format,
  functionName,
  offered,
} from './functions.ts'
import { conversationOf, message, type Turn, turnsOf } from './messages.ts'
import { given, invalid, model, optional, parse, sampling, samplingOf } from './parameters.ts'
import { type Shape, streamAnswers } from './stream.ts'

const schema = z.object({
  ...sampling,
  model,
  messages: z.array(message).min(1),
  max_tokens: optional(z.int().min(1)),
  max_completion_tokens: optional(z.int().min(1)),
  logprobs: optional(z.boolean()),
  top_logprobs: optional(z.int().min(0).max(20)),
  response_format: optional(format),
  tools: optional(z.array(z.object({ type: z.literal('function'), function: offered })).max(64)),
  tool_choice: optional(
    z.union([
      z.enum(['none', 'auto', 'required']),
      z
        .object({ type: z.literal('function'), function: z.object({ name: functionName }) })
        .transform(({ function: f }) => f),
    ]),
  ),
  modalities: optional(z.array(z.literal('text'))),
})
type Chat = z.output<typeof schema>

const refused = ['audio', 'functions', 'function_call', 'prediction', 'web_search_options']

/** POST /v1/chat/completions */
export const chatCompletions = async (gate: Gate, c: Context<Env>): Promise<Response> => {
  const { parameters: chat, requestHash } = await parse(c.req, schema, refused)
  const forced = forcedCall(
    (chat.tools ?? []).map(({ function: f }) => f),
    chat.tool_choice as Choice | undefined,
  )
  const questions = questionsOf(chat, forced)
  return answering(gate, c, { model: chat.model, questions, requestHash }, async answers => {
    const told: Told = {
      answers,
      choices: chat.n ?? 1,
      forced: forced !== undefined,
      logProbs: chat.logprobs === true,
    }
    if (chat.stream === true)
      return streamAnswers(gate, c, answers, chunks(told, chat.stream_options?.include_usage === true))
    return c.json(completion(told, await giveWhole(gate, c, answers)))
  })
}

const questionsOf = (chat: Chat, forced: Forced | undefined) => {
  if (chat.top_logprobs !== undefined && chat.logprobs !== true)
    throw invalid("'top_logprobs' goes with 'logprobs'.", 'top_logprobs')
  const told: Turn[] = forced === undefined ? [] : [{ role: 'system', content: forced.instructions }]
  const { question, earlier, later } = conversationOf([...told, ...turnsOf(chat.messages)], 'messages')
  const constraint = forced?.constraint ?? constraintOf(chat.response_format)
  return Array.from({ length: chat.n ?? 1 }, (_, at) => ({
    question,
    request: given({
      ...samplingOf(chat, at),
      earlier: earlier?.slice(),
      later: later?.slice(),
      maxTokens: chat.max_completion_tokens ?? chat.max_tokens,
      constraint,
      logProbs: chat.logprobs === true ? true : undefined,
      topLogProbs: chat.top_logprobs,
    }),
  }))
}

interface Told {
  readonly answers: Answering
  readonly choices: number
  /** The answers are calls of functions. */
  readonly forced: boolean
  readonly logProbs: boolean
}

const idOf = ({ ids }: Answering): string => `chatcmpl-${ids[0]?.answerId.replaceAll('-', '')}`

const completion = ({ answers, choices, forced, logProbs }: Told, all: readonly Given[]) => ({
  id: idOf(answers),
  object: 'chat.completion',
  created: answers.created,
  model: all[0]?.answer.model,
  choices: all.map(({ at, answer }) => ({
    index: at,
    message: {
      role: 'assistant',
      content: forced ? null : answer.answer,
      refusal: null,
      ...(forced ? { tool_calls: [toolCall(answer)] } : {}),
    },
    logprobs: logProbs ? logProbsOf(answer) : null,
    finish_reason: finishOf(answer, forced),
  })),
  usage: usageOf(all, choices),
  tributary: tributaryOf(all.map(({ answer }) => answer)),
})

const finishOf = ({ finish }: Answer, forced: boolean): string =>
  finish === 'stop' && forced ? 'tool_calls' : finish

const toolCall = ({ answerId, answer }: Answer) => ({
  id: `call_${answerId.replaceAll('-', '')}`,
  type: 'function',
  function: callOf(answer),
})

/** A repeated call has no log-probabilities: they are stored nowhere. */
const logProbsOf = ({ tokens }: Answer) => {
  if (tokens === undefined) return null
  const told = (text: string, logProb: number) => ({
    token: text,
    logprob: logProb,
    bytes: [...Buffer.from(text)],
  })
  return {
    content: tokens.map(({ text, logProb, top }) => ({
      ...told(text, logProb),
      top_logprobs: top.map(other => told(other.text, other.logProb)),
    })),
    refusal: null,
  }
}

/** The chunks of a chat's stream. All but the text of a token is written once for the whole stream. */
const chunks = ({ answers, choices, forced, logProbs }: Told, usage: boolean): Shape => {
  const head = `data: ${JSON.stringify({
    id: idOf(answers),
    object: 'chat.completion.chunk',
    created: answers.created,
    model: answers.model,
  }).slice(0, -1)},"choices":[`
  const tail = `${usage ? ',"usage":null' : ''}}\n\n`
  const chunk = (
    at: number,
    delta: object,
    more: { logprobs?: object | null; finish?: string } = {},
  ): string =>
    `${head}${JSON.stringify({ index: at, delta, logprobs: more.logprobs ?? null, finish_reason: more.finish ?? null })}]`
  return {
    begin: () =>
      answers.ids
        .map((_, at) => chunk(at, { role: 'assistant', content: forced ? null : '', refusal: null }) + tail)
        .join(''),
    // A call is told as a whole, when it is known which function it is of.
    text: (at, text) =>
      forced
        ? ''
        : `${head}{"index":${at},"delta":{"content":${JSON.stringify(text)}},"logprobs":null,"finish_reason":null}]${tail}`,
    end: ({ at, answer }) => {
      const called = forced ? chunk(at, { tool_calls: [{ index: 0, ...toolCall(answer) }] }) + tail : ''
      const rated = logProbs ? chunk(at, {}, { logprobs: logProbsOf(answer) }) + tail : ''
      const last = chunk(at, {}, { finish: finishOf(answer, forced) })
      return `${called}${rated}${last},"tributary":${JSON.stringify(tributaryOf([answer]))}${tail}`
    },
    close: all => {
      const told = { usage: usageOf(all, choices), tributary: tributaryOf(all.map(({ answer }) => answer)) }
      return `${usage ? `${head}],${JSON.stringify(told).slice(1)}\n\n` : ''}data: [DONE]\n\n`
    },
    failed: error => `data: ${JSON.stringify({ error })}\n\n`,
  }
}
