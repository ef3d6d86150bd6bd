import type { Context } from 'hono'
import { toldOf } from '../faults.ts'
import type { Env, Gate } from '../gate.ts'
import { type Answering, attention, type Given, give } from './answers.ts'
import { type OpenaiError, openaiErrorOf } from './errors.ts'

/** How answers are told as server-sent events: each function returns the events' whole text. */
export interface Shape {
  begin(): string
  text(at: number, text: string): string
  /** The end of one answer; `told` is how much of its text was sent. */
  end(given: Given): string
  /** The end of them all. */
  close(given: readonly Given[]): string
  failed(error: OpenaiError): string
}

/** Events that are written when their turn comes, or text of which more may come. */
type Piece = (() => string) | { readonly at: number; text: string }

/** Chunks that wait in the stream itself; what comes after them is joined into fewer. */
const AHEAD = 4

/**
 * Streams answers. The response begins with the first text, so that what goes wrong before is a refusal with its status.
 * Where the client reads slower than the model writes, texts that wait are joined, so that what waits is never more than the
 * answers themselves. A client that leaves before the first word gets the price back.
 */
export const streamAnswers = async (
  gate: Gate,
  c: Context<Env>,
  answers: Answering,
  shape: Shape,
): Promise<Response> => {
  const watch = attention(gate, c)
  const waiting: Piece[] = []
  const begun = Promise.withResolvers<void>()
  let isBegun = false
  const begin = (): void => {
    isBegun = true
    begun.resolve()
  }
  let sink: ReadableStreamDefaultController<Uint8Array> | undefined
  let ended = false
  const drain = (): void => {
    if (sink === undefined) return
    while (waiting.length > 0 && (sink.desiredSize ?? 0) > 0) {
      const piece = waiting.shift()
      if (piece === undefined) break
      const events = typeof piece === 'function' ? piece() : shape.text(piece.at, piece.text)
      if (events !== '') sink.enqueue(Buffer.from(events))
    }
    if (!ended || waiting.length > 0) return
    sink.close()
    sink = undefined
  }
  const push = (piece: Piece): void => {
    const last = waiting.at(-1)
    if (typeof piece === 'object' && typeof last === 'object' && last.at === piece.at) last.text += piece.text
    else waiting.push(piece)
    drain()
  }
  /** Answers of which nothing was told yet. */
  const silent = new Set(answers.order.questions.keys())
  const told = (at: number, text: string): void => {
    if (text === '') return
    silent.delete(at)
    push({ at, text })
    begin()
  }
  const fail = (error: unknown): void => {
    // Before the first text it is thrown below, and told with its status.
    if (!isBegun) return
    const told = openaiErrorOf(error, toldOf(error, gate.network.log, c.get('requestId')))
    push(() => shape.failed(told))
  }
  push(shape.begin)
  const work = give(gate, answers, watch.signal, told, given => {
    // A repeated call is answered at once and writes nothing.
    if (silent.has(given.at)) told(given.at, given.answer.answer)
    push(() => shape.end(given))
    begin()
  })
  void work
    .then(({ given, errors }) => (errors.length > 0 ? fail(errors[0]) : push(() => shape.close(given))), fail)
    .finally(() => {
      ended = true
      watch.end()
      drain()
    })
  await Promise.race([begun.promise, work])
  const body = new ReadableStream<Uint8Array>(
    {
      start: controller => {
        sink = controller
        drain()
      },
      pull: drain,
      cancel: () => {
        sink = undefined
        waiting.length = 0
        watch.leave()
      },
    },
    { highWaterMark: AHEAD },
  )
  c.header('content-type', 'text/event-stream; charset=utf-8')
  c.header('cache-control', 'no-cache, no-transform')
  c.header('x-accel-buffering', 'no')
  return c.body(body)
}
