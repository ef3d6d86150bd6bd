import type { z } from 'zod'
import { type Answer, type Answering, tributaryOf, usageOf } from './answers.ts'
import { callOf } from './functions.ts'
import type { responseSchema } from './responses.ts'
import type { Shape } from './stream.ts'

export interface Told {
  readonly answers: Answering
  readonly asked: z.output<typeof responseSchema>
  /** The answer is a call of a function. */
  readonly forced: boolean
  readonly logProbs: boolean
}

const hexOf = ({ ids }: Answering): string => (ids[0]?.answerId ?? '').replaceAll('-', '')

/** A response as OpenAI tells it; without an answer it is one in the making. */
export const responseOf = (told: Told, answer?: Answer) => {
  const { answers, asked } = told
  const cut = answer?.finish === 'length'
  return {
    id: `resp_${hexOf(answers)}`,
    object: 'response',
    created_at: answers.created,
    status: answer === undefined ? 'in_progress' : cut ? 'incomplete' : 'completed',
    error: null,
    incomplete_details: cut ? { reason: 'max_output_tokens' } : null,
    instructions: asked.instructions ?? null,
    max_output_tokens: asked.max_output_tokens ?? null,
    metadata: asked.metadata ?? {},
    model: answer?.model ?? answers.model,
    output: answer === undefined ? [] : [itemOf(told, answer)],
    parallel_tool_calls: false,
    previous_response_id: null,
    reasoning: { effort: null, summary: null },
    store: false,
    temperature: asked.temperature ?? 0,
    text: { format: asked.text?.format ?? { type: 'text' } },
    tool_choice: asked.tool_choice ?? 'auto',
    tools: asked.tools ?? [],
    top_p: asked.top_p ?? 1,
    truncation: 'disabled',
    usage: answer === undefined ? null : responseUsage(answer),
    user: asked.user ?? null,
    ...(answer === undefined ? {} : { tributary: tributaryOf([answer]) }),
  }
}

const responseUsage = (answer: Answer) => {
  const { prompt_tokens, completion_tokens, total_tokens, receipt } = usageOf([{ at: 0, answer }], 1)
  return {
    input_tokens: prompt_tokens,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens: completion_tokens,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens,
    receipt,
  }
}

const itemOf = (told: Told, answer: Answer) => {
  const status = answer.finish === 'length' ? 'incomplete' : 'completed'
  if (told.forced) return { ...emptyItem(told), ...callOf(answer.answer), status }
  return { ...emptyItem(told), status, content: [partOf(told, answer)] }
}

/** The output item before anything is written. */
const emptyItem = ({ answers, forced }: Told) => {
  const hex = hexOf(answers)
  return forced
    ? {
        type: 'function_call',
        id: `fc_${hex}`,
        call_id: `call_${hex}`,
        name: '',
        arguments: '',
        status: 'in_progress',
      }
    : { type: 'message', id: `msg_${hex}`, role: 'assistant', status: 'in_progress', content: [] }
}

const partOf = ({ logProbs }: Told, answer?: Answer) => {
  const told = (text: string, logProb: number) => ({
    token: text,
    logprob: logProb,
    bytes: [...Buffer.from(text)],
  })
  const rated = logProbs ? (answer?.tokens ?? []) : []
  return {
    type: 'output_text',
    text: answer?.answer ?? '',
    annotations: [],
    logprobs: rated.map(({ text, logProb, top }) => ({
      ...told(text, logProb),
      top_logprobs: top.map(other => told(other.text, other.logProb)),
    })),
  }
}

/** The events of a response's stream, numbered in the order in which they are sent. */
export const eventsOf = (told: Told): Shape => {
  let sequence = 0
  const event = (type: string, fields: object): string =>
    `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: sequence++, ...fields })}\n\n`
  const item_id = emptyItem(told).id
  const place = { item_id, output_index: 0 }
  const part = { ...place, content_index: 0 }
  const own = JSON.stringify({ ...part, logprobs: [] }).slice(1)
  const type = 'response.output_text.delta'
  return {
    begin: () =>
      [
        event('response.created', { response: responseOf(told) }),
        event('response.in_progress', { response: responseOf(told) }),
        ...(told.forced
          ? []
          : [
              event('response.output_item.added', { output_index: 0, item: emptyItem(told) }),
              event('response.content_part.added', { ...part, part: partOf(told) }),
            ]),
      ].join(''),
    text: (_at, text) =>
      told.forced
        ? ''
        : `event: ${type}\ndata: {"type":"${type}","sequence_number":${sequence++},"delta":${JSON.stringify(text)},${own}\n\n`,
    end: ({ answer }) => {
      const item = itemOf(told, answer)
      const done = () => event('response.output_item.done', { output_index: 0, item })
      if (told.forced) {
        const { name, arguments: given } = callOf(answer.answer)
        return [
          event('response.output_item.added', { output_index: 0, item: { ...emptyItem(told), name } }),
          event('response.function_call_arguments.delta', { ...place, delta: given }),
          event('response.function_call_arguments.done', { ...place, name, arguments: given }),
          done(),
        ].join('')
      }
      const whole = partOf(told, answer)
      return [
        event('response.output_text.done', { ...part, text: whole.text, logprobs: whole.logprobs }),
        event('response.content_part.done', { ...part, part: whole }),
        done(),
      ].join('')
    },
    close: ([given]) =>
      event(given?.answer.finish === 'length' ? 'response.incomplete' : 'response.completed', {
        response: responseOf(told, given?.answer),
      }),
    failed: ({ code, message, param }) => event('error', { code, message, param }),
  }
}
