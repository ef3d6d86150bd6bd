import type { Context } from 'hono'
import type { z } from 'zod'
import { answerIds, ask } from '../../ask.ts'
import { type AskRequest, messagesOf, refuseTooLong } from '../../ask-request.ts'
import { findRelease } from '../../find.ts'
import { call } from '../../registry.ts'
import type { Env, Gate } from '../gate.ts'
import { type Payer, priced } from '../priced.ts'

/** One answer to be given: a question, and what stands around it. */
export interface Question {
  readonly question: string
  readonly request: AskRequest
}

export interface Order {
  readonly model: string
  /** One answer each, with a receipt and a price of its own. */
  readonly questions: readonly Question[]
  readonly requestHash: string
}

export type Answer = z.output<(typeof ask)['output']>

/** Answers that are being given. */
export interface Answering {
  /** `name@version` of the model that was asked for. */
  readonly model: string
  readonly payer: Payer
  readonly order: Order
  /** Seconds since 1970. */
  readonly created: number
  readonly ids: readonly { answerId: string; receiptId: string }[]
}

/** Serves a request for answers, once it is clear who pays for them. `x-tributary-receipt` names them before they are given. */
export const answering = async (
  gate: Gate,
  c: Context<Env>,
  order: Order,
  work: (answering: Answering) => Promise<Response>,
): Promise<Response> => {
  const { network } = gate
  const { model, questions, requestHash } = order
  const release = await findRelease(network.db, model)
  // Before anybody pays: on chain even what is given back costs gas.
  for (const { question, request } of questions) refuseTooLong(network.engine, messagesOf(question, request))
  const label = `${release.name}@${release.version}`
  const units = release.priceUnits * BigInt(questions.length)
  const description = `${questions.length} ${questions.length === 1 ? 'answer' : 'answers'} of ${label}`
  return priced(gate, c, { units, description, requestHash }, payer => {
    const ids = questions.map((_, at) => answerIds(payer.caller, keyOf(payer, at)))
    tellReceipts(c, ids)
    const created = Math.floor(network.clock.now().getTime() / 1000)
    return work({ model: label, payer, order, created, ids })
  })
}

const tellReceipts = (c: Context<Env>, answers: readonly { receiptId: string }[]): void =>
  c.header('x-tributary-receipt', answers.map(({ receiptId }) => receiptId).join(','))

const keyOf = ({ key }: Payer, at: number): string => `${key}/${at}`

export interface Given {
  readonly at: number
  readonly answer: Answer
}

/**
 * Gives every answer of an order. Those that fail cost nothing and are left out; throws where all do.
 * @param onText hears an answer's text as it is written
 * @param onEnd hears of each answer when it is there
 */
export const give = async (
  { network }: Gate,
  { payer, order }: Answering,
  signal: AbortSignal,
  onText?: (at: number, text: string) => void,
  onEnd?: (given: Given) => void,
): Promise<{ given: Given[]; errors: unknown[] }> => {
  const outcomes = await Promise.allSettled(
    order.questions.map(async ({ question, request }, at) => {
      const asked = Object.keys(request).length === 0 ? {} : { request }
      const answer = await call(
        network,
        payer.caller,
        ask,
        { model: order.model, question, ...asked },
        {
          key: keyOf(payer, at),
          signal,
          onUpdate: update => {
            if (update.kind === 'text') onText?.(at, update.text)
          },
        },
      )
      onEnd?.({ at, answer })
      return { at, answer }
    }),
  )
  const given = outcomes.filter(outcome => outcome.status === 'fulfilled').map(({ value }) => value)
  const errors = outcomes.filter(outcome => outcome.status === 'rejected').map(({ reason }) => reason)
  if (given.length === 0) throw errors[0]
  return { given, errors }
}

/** Gives every answer of an order at once, as `give` does; a client that leaves ends them. */
export const giveWhole = async (gate: Gate, c: Context<Env>, answers: Answering): Promise<Given[]> => {
  const watch = attention(gate, c)
  try {
    const { given } = await give(gate, answers, watch.signal)
    tellReceipts(
      c,
      given.map(({ answer }) => answer),
    )
    return given
  } finally {
    watch.end()
  }
}

/**
 * Aborts when the client leaves or the node closes, or when the door has told it that no answer came and it can only ask
 * anew: under an idempotency key or with its payment it will ask for this one again. `end` lets go of them all.
 */
export const attention = (
  gate: Gate,
  c: Context<Env>,
): { signal: AbortSignal; leave(): void; end(): void } => {
  const left = new AbortController()
  const leave = (): void => left.abort()
  const comesBack = c.req.header('idempotency-key') !== undefined || c.get('caller').role === 'anyone'
  const late = comesBack ? undefined : c.get('late')
  const sources = [c.req.raw.signal, gate.closing, ...(late === undefined ? [] : [late])]
  for (const source of sources) source.addEventListener('abort', leave, { once: true })
  if (sources.some(source => source.aborted)) leave()
  return {
    signal: left.signal,
    leave,
    end: () => {
      for (const source of sources) source.removeEventListener('abort', leave)
    },
  }
}

/** What the network adds to OpenAI's shapes: receipts, answers, and what they cost. */
export const tributaryOf = (answers: readonly Answer[]) => ({
  receipts: answers.map(({ receiptId }) => receiptId),
  answers: answers.map(({ answerId }) => answerId),
  /** Of the hashes in the receipts: who has the words can check them. */
  salts: answers.map(({ salt }) => salt),
  model: answers[0]?.model,
  priceUnits: answers.reduce((sum, { priceUnits }) => sum + BigInt(priceUnits), 0n).toString(),
  balanceUnits: answers
    .reduce(
      (least, { balanceUnits }) => {
        const units = BigInt(balanceUnits)
        return least === null || units < least ? units : least
      },
      null as bigint | null,
    )
    ?.toString(),
})

/** Tokens of answers; a prompt of which several choices were made counts once. */
export const usageOf = (given: readonly Given[], choices: number) => {
  const prompts = new Map(given.map(({ at, answer }) => [Math.floor(at / choices), answer.promptTokens]))
  const prompt = [...prompts.values()].reduce((sum, tokens) => sum + tokens, 0)
  const completion = given.reduce((sum, { answer }) => sum + answer.answerTokens, 0)
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    receipt: given.map(({ answer }) => answer.receiptId).join(','),
  }
}
