import { randomUUID } from 'node:crypto'
import { fault, isFault } from '../../infra/errors.ts'
import { type LineOptions, send } from './line.ts'
import { fromOpenai, lost } from './refusal.ts'
import { serverSent } from './server-sent.ts'

export interface AskOptions {
  /** Hears the answer piece by piece. */
  readonly onText?: ((text: string) => void) | undefined
  /** The same key with the same question gives the same answer and is paid once. Default: a new one. */
  readonly idempotencyKey?: string | undefined
  readonly signal?: AbortSignal | undefined
}

export interface Answer {
  /** `name@version` of the release that answered. */
  readonly model: string
  readonly question: string
  readonly answer: string
  readonly answerId: string
  readonly receiptId: string
  /** What it cost, and what is left of the prepaid balance, in smallest units. */
  readonly priceUnits: string
  readonly balanceUnits: string
  /** Hex; with it the receipt is checked against the words. Null where the node does not tell it. */
  readonly salt: string | null
}

interface Chunk {
  readonly choices?: readonly { readonly delta?: { readonly content?: string | null } }[]
  readonly tributary?: {
    readonly model: string
    readonly answers: readonly string[]
    readonly receipts: readonly string[]
    readonly salts?: readonly string[]
    readonly priceUnits: string
    readonly balanceUnits: string
  }
  readonly error?: Readonly<Record<string, unknown>>
}

interface Asked {
  readonly model: string
  readonly question: string
}

/**
 * Asks over POST /v1/chat/completions. Broken off, the question is asked on under its key, and what was heard is not said
 * again. A node that has noticed that nobody listens any more has given the price back: then it is asked anew, once.
 * Throws `answer-changed` where that gives other words than were heard.
 */
export const askStreaming = async (line: LineOptions, asked: Asked, options: AskOptions): Promise<Answer> => {
  const { onText, signal, idempotencyKey = randomUUID() } = options
  let heard = ''
  const hear = (answer: string): void => {
    if (answer.startsWith(heard)) {
      const more = answer.slice(heard.length)
      heard = answer
      if (more !== '') onText?.(more)
    } else if (!heard.startsWith(answer)) throw changed()
  }
  const ask = (key: string): Promise<Answer> => {
    const messages = [{ role: 'user', content: asked.question }]
    const body = { model: asked.model, messages, stream: true }
    const request = { path: 'v1/chat/completions', body, key, accept: 'text/event-stream', signal }
    return send(line, request, (response, alive) => readAnswer(line.url, asked, response, alive, hear))
  }
  try {
    return await ask(idempotencyKey)
  } catch (error) {
    const givenBack = isFault(error, 'answer-refunded') || isFault(error, 'answer-given-up')
    if (!givenBack || options.idempotencyKey !== undefined) throw error
    return ask(randomUUID())
  }
}

const readAnswer = async (
  url: string,
  { question }: Asked,
  response: Response,
  alive: () => void,
  hear: (answer: string) => void,
): Promise<Answer> => {
  let answer = ''
  let told: Chunk['tributary']
  for await (const { data } of serverSent(response, url, alive)) {
    if (data === '[DONE]') break
    const chunk = JSON.parse(data) as Chunk
    if (chunk.error !== undefined) throw failed(chunk.error)
    told = chunk.tributary ?? told
    answer += chunk.choices?.[0]?.delta?.content ?? ''
    hear(answer)
  }
  // Without its receipt it was cut short.
  if (told === undefined) throw lost(url)
  const { model, answers, receipts, salts, priceUnits, balanceUnits } = told
  const ids = { answerId: answers[0] ?? '', receiptId: receipts[0] ?? '' }
  return { model, question, answer, ...ids, priceUnits, balanceUnits, salt: salts?.[0] ?? null }
}

const failed = (error: Readonly<Record<string, unknown>>) => {
  const { code, message, fix } = fromOpenai(error)
  return fault(String(code ?? 'answer-failed'), String(message ?? 'The model did not answer.'), {
    fix: String(fix ?? 'Ask again.'),
    blame: 'world',
  })
}

const changed = () =>
  fault('answer-changed', 'Asked again after a lost connection, the model answered in other words.', {
    fix: 'Ask again, and drop what was heard before.',
  })
