import type { Context } from 'hono'
import { z } from 'zod'
import { plainText } from '../../ask-request.ts'
import { limits } from '../../limits.ts'
import type { Env, Gate } from '../gate.ts'
import { answering, giveWhole } from './answers.ts'
import { type Choice, type Constraint, forcedCall, functionName, offered } from './functions.ts'
import { callText, content, conversationOf, functionCall, resultTurn, type Turn } from './messages.ts'
import { given, invalid, model, optional, parse, sampling, samplingOf } from './parameters.ts'
import { eventsOf, responseOf, type Told } from './response-parts.ts'
import { streamAnswers } from './stream.ts'

const { temperature, top_p, user, stream } = sampling

const item = z.union([
  z.object({
    type: z.literal('message').optional(),
    role: z.enum(['user', 'assistant', 'system', 'developer']),
    content,
  }),
  functionCall.extend({ type: z.literal('function_call'), call_id: z.string() }),
  z.object({ type: z.literal('function_call_output'), call_id: z.string(), output: content }),
  z.object({ type: z.literal('reasoning') }),
])

const format = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text') }),
  z.object({ type: z.literal('json_object') }),
  z.object({
    type: z.literal('json_schema'),
    name: z.string().optional(),
    schema: z.record(z.string(), z.unknown()),
  }),
])

export const responseSchema = z.object({
  model,
  temperature,
  top_p,
  user,
  stream,
  input: z.union([plainText.max(limits.conversationCharacters), z.array(item).min(1)]),
  instructions: optional(plainText.max(limits.conversationCharacters)),
  max_output_tokens: optional(z.int().min(1)),
  text: optional(z.object({ format: optional(format) })),
  tools: optional(z.array(offered.extend({ type: z.literal('function') })).max(64)),
  tool_choice: optional(
    z.union([
      z.enum(['none', 'auto', 'required']),
      z.object({ type: z.literal('function'), name: functionName }),
    ]),
  ),
  top_logprobs: optional(z.int().min(0).max(20)),
  include: optional(z.array(z.string())),
  metadata: optional(z.record(z.string(), z.string())),
})
type Asked = z.output<typeof responseSchema>

const refused = ['conversation', 'background', 'prompt', 'previous_response_id']

/** POST /v1/responses. Nothing is stored as a response, so each request brings its whole conversation. */
export const responses = async (gate: Gate, c: Context<Env>): Promise<Response> => {
  const { parameters: asked, requestHash } = await parse(c.req, responseSchema, refused)
  const forced = forcedCall(asked.tools ?? [], asked.tool_choice as Choice | undefined)
  const logProbs = asked.include?.includes('message.output_text.logprobs') === true
  if (asked.top_logprobs !== undefined && !logProbs)
    throw invalid("'top_logprobs' goes with include: ['message.output_text.logprobs'].", 'top_logprobs')
  const told: Turn[] = [forced?.instructions, asked.instructions]
    .filter(text => text !== undefined)
    .map(text => ({ role: 'system', content: text }))
  const { question, earlier, later } = conversationOf([...told, ...turnsOf(asked.input)], 'input')
  const request = given({
    ...samplingOf(asked, 0),
    earlier: earlier?.slice(),
    later: later?.slice(),
    maxTokens: asked.max_output_tokens,
    constraint: forced?.constraint ?? constraintOf(asked),
    logProbs: logProbs ? true : undefined,
    topLogProbs: asked.top_logprobs,
  })
  const order = { model: asked.model, questions: [{ question, request }], requestHash }
  return answering(gate, c, order, async answers => {
    const parts: Told = { answers, asked, forced: forced !== undefined, logProbs }
    if (asked.stream === true) return streamAnswers(gate, c, answers, eventsOf(parts))
    const [first] = await giveWhole(gate, c, answers)
    return c.json(responseOf(parts, first?.answer))
  })
}

const constraintOf = ({ text }: Asked): Constraint | undefined => {
  if (text?.format?.type === 'json_object') return { kind: 'json' }
  return text?.format?.type === 'json_schema'
    ? { kind: 'json-schema', schema: text.format.schema }
    : undefined
}

const turnsOf = (input: Asked['input']): Turn[] => {
  if (typeof input === 'string') return [{ role: 'user', content: input }]
  const names = new Map<string, string>()
  return input.flatMap((one): Turn[] => {
    if (one.type === 'reasoning') return []
    if (one.type === 'function_call') {
      names.set(one.call_id, one.name)
      return [{ role: 'assistant', content: callText(one) }]
    }
    if (one.type === 'function_call_output') return [resultTurn(names.get(one.call_id), one.output)]
    return [{ role: one.role === 'developer' ? 'system' : one.role, content: one.content }]
  })
}
