import type { Context } from 'hono'
import { z } from 'zod'
import { plainText } from '../../ask-request.ts'
import { limits } from '../../limits.ts'
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
import { given, invalid, MOST_CHOICES, model, optional, parse, sampling, samplingOf } from './parameters.ts'
import { type Shape, streamAnswers } from './stream.ts'

const text = plainText.max(limits.questionCharacters)
const tokens = z.array(z.int().min(0)).min(1).max(2_048)

const schema = z.object({
  ...sampling,
  model,
  prompt: z.union([
    text.transform(one => [one]),
    z.array(text).min(1).max(MOST_CHOICES),
    tokens.transform(one => [one]),
    z.array(tokens).min(1).max(MOST_CHOICES),
  ]),
  max_tokens: optional(z.int().min(1)),
  echo: optional(z.boolean()),
  logprobs: optional(z.int().min(0).max(5)),
  best_of: optional(z.int()),
})
type Completion = z.output<typeof schema>

/** POST /v1/completions: a prompt is put to the model as a question, in the form that it was tuned on. */
export const completions = async (gate: Gate, c: Context<Env>): Promise<Response> => {
  const { parameters: asked, requestHash } = await parse(c.req, schema, ['suffix'])
  const n = asked.n ?? 1
  if (asked.best_of !== undefined && asked.best_of !== n)
    throw invalid("'best_of' has to be 'n': every choice is an answer with a price.", 'best_of')
  const { decode } = gate.network.engine
  const prompts = asked.prompt.map(prompt => (typeof prompt === 'string' ? prompt : decode(prompt)))
  if (prompts.length * n > MOST_CHOICES)
    throw invalid(
      `${prompts.length} prompts of ${n} choices are more than ${MOST_CHOICES} answers.`,
      'prompt',
    )
  if (prompts.some(prompt => prompt.trim() === '')) throw invalid("'prompt' is empty.", 'prompt')
  const questions = prompts.flatMap(question =>
    Array.from({ length: n }, (_, at) => ({ question, request: requestOf(asked, at) })),
  )
  return answering(gate, c, { model: asked.model, questions, requestHash }, async answers => {
    const told: Told = { answers, asked, prompts, choices: n }
    if (asked.stream === true) return streamAnswers(gate, c, answers, chunks(told))
    const all = await giveWhole(gate, c, answers)
    return c.json({
      ...headOf(answers),
      model: all[0]?.answer.model,
      choices: all.map(({ at, answer }) => ({
        index: at,
        text: `${echoOf(told, at)}${answer.answer}`,
        logprobs: logProbsOf(told, at, answer),
        finish_reason: answer.finish,
      })),
      usage: usageOf(all, n),
      tributary: tributaryOf(all.map(({ answer }) => answer)),
    })
  })
}

const requestOf = (asked: Completion, at: number) =>
  given({
    ...samplingOf(asked, at),
    maxTokens: asked.max_tokens,
    logProbs: asked.logprobs === undefined ? undefined : true,
    topLogProbs: asked.logprobs,
  })

interface Told {
  readonly answers: Answering
  readonly asked: Completion
  readonly prompts: readonly string[]
  readonly choices: number
}

const headOf = ({ ids, created, model: name }: Answering) => ({
  id: `cmpl-${ids[0]?.answerId.replaceAll('-', '')}`,
  object: 'text_completion',
  created,
  model: name,
})

const echoOf = ({ asked, prompts, choices }: Told, at: number): string =>
  asked.echo === true ? (prompts[Math.floor(at / choices)] ?? '') : ''

/** The tokens of the answer, not of an echoed prompt; `text_offset` counts from the start of the choice's text. */
const logProbsOf = (told: Told, at: number, { tokens: rated }: Answer) => {
  if (told.asked.logprobs === undefined || rated === undefined) return null
  let offset = echoOf(told, at).length
  return {
    tokens: rated.map(token => token.text),
    token_logprobs: rated.map(({ logProb }) => logProb),
    top_logprobs: rated.map(({ top }) => Object.fromEntries(top.map(other => [other.text, other.logProb]))),
    text_offset: rated.map(token => {
      offset += token.text.length
      return offset - token.text.length
    }),
  }
}

const chunks = (told: Told): Shape => {
  const { answers, asked, choices } = told
  const usage = asked.stream_options?.include_usage === true
  const head = `data: ${JSON.stringify(headOf(answers)).slice(0, -1)},"choices":[`
  const tail = `${usage ? ',"usage":null' : ''}}\n\n`
  const plain = (at: number, said: string) =>
    `${head}{"index":${at},"text":${JSON.stringify(said)},"logprobs":null,"finish_reason":null}]${tail}`
  return {
    begin: () =>
      answers.ids
        .map((_, at) => echoOf(told, at))
        .map((echo, at) => (echo === '' ? '' : plain(at, echo)))
        .join(''),
    text: plain,
    end: ({ at, answer }) => {
      const choice = {
        index: at,
        text: '',
        logprobs: logProbsOf(told, at, answer),
        finish_reason: answer.finish,
      }
      return `${head}${JSON.stringify(choice)}],"tributary":${JSON.stringify(tributaryOf([answer]))}${tail}`
    },
    close: (all: readonly Given[]) => {
      const totals = { usage: usageOf(all, choices), tributary: tributaryOf(all.map(({ answer }) => answer)) }
      return `${usage ? `${head}],${JSON.stringify(totals).slice(1)}\n\n` : ''}data: [DONE]\n\n`
    },
    failed: error => `data: ${JSON.stringify({ error })}\n\n`,
  }
}
