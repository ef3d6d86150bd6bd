import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import type { Activity } from './activity.ts'
import { ApiError, conflict, tooManyRequests } from './api-error.ts'
import { botMethods } from './bot-methods.ts'
import { Call } from './call.ts'
import { chatMethods } from './chat-methods.ts'
import { editMethods } from './edit-methods.ts'
import type { Fault, FaultBook } from './faults.ts'
import type { FakeMessage } from './message.ts'
import { readBody } from './request-body.ts'
import type { SendMeter } from './send-limits.ts'
import { type Method, sendMethods } from './send-methods.ts'
import type { Specification } from './specification.ts'
import type { UpdateQueue } from './update-queue.ts'
import type { Webhook } from './webhook.ts'
import type { World } from './world.ts'

export interface ServerParts {
  readonly token: string
  readonly world: World
  readonly queue: UpdateQueue
  readonly webhook: () => Webhook
  readonly faults: FaultBook
  readonly activity: Activity
  readonly meter: SendMeter | undefined
  readonly specification: Specification | undefined
  readonly violation: (sentence: string) => void
}

const METHODS: Readonly<Record<string, Method>> = {
  ...sendMethods,
  ...editMethods,
  ...chatMethods,
  ...botMethods,
}
const OWN = ['getUpdates', 'setWebhook', 'deleteWebhook', 'getWebhookInfo']
// Names are case-insensitive, as on the platform.
const NAMES = new Map([...Object.keys(METHODS), ...OWN].map(name => [name.toLowerCase(), name]))

interface Outcome {
  readonly ok: boolean
  readonly status: number
  readonly body: object
  readonly result: unknown
  readonly error: string | undefined
}

const failure = (error: ApiError): Outcome => {
  const { code, message, parameters } = error
  const body = {
    ok: false,
    error_code: code,
    description: message,
    ...(parameters === undefined ? {} : { parameters }),
  }
  return { ok: false, status: code, body, result: undefined, error: message }
}

/** The Bot API over HTTP, without the state behind it. */
export class ApiServer {
  readonly #parts: ServerParts
  readonly #server: Server
  readonly #closing = new AbortController()

  constructor(parts: ServerParts) {
    this.#parts = parts
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch(() => request.socket.destroy())
    })
  }

  /** Listens on a free port of 127.0.0.1; returns the address without a slash at its end. */
  listen(): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(0, '127.0.0.1', () => {
        const address = this.#server.address()
        if (address !== null && typeof address === 'object') resolve(`http://127.0.0.1:${address.port}`)
      })
    })
  }

  close(): Promise<void> {
    this.#closing.abort()
    return new Promise(resolve => {
      this.#server.close(() => resolve())
      this.#server.closeAllConnections()
    })
  }

  /** Runs a call and gives its result or its error, without any fault. */
  async run(call: Call, gone: AbortSignal): Promise<Outcome> {
    const { world, meter, specification, violation } = this.#parts
    try {
      if (!NAMES.has(call.method.toLowerCase())) {
        violation(`${call.method} is no method that the fake knows`)
        throw new ApiError(404, 'Not Found: method not found')
      }
      for (const sentence of specification?.call(call.method, call.fields, new Set(call.files.keys())) ?? [])
        violation(sentence)
      const room = world.rooms.get(Number(call.text('chat_id')))
      const seconds = room === undefined ? undefined : meter?.count(call.method, room)
      if (seconds !== undefined) throw tooManyRequests(seconds)
      const result = await this.#perform(call, gone)
      for (const sentence of specification?.result(call.method, result) ?? [])
        violation(`The fake itself: ${sentence}`)
      return { ok: true, status: 200, body: { ok: true, result }, result, error: undefined }
    } catch (error) {
      if (!(error instanceof ApiError)) violation(`The fake failed in ${call.method}: ${String(error)}`)
      return failure(error instanceof ApiError ? error : new ApiError(500, 'Internal Server Error'))
    }
  }

  async #perform(call: Call, gone: AbortSignal): Promise<unknown> {
    const { world, queue, webhook } = this.#parts
    if (call.method === 'setWebhook') return webhook().set(call)
    if (call.method === 'deleteWebhook') return webhook().remove(call)
    if (call.method === 'getWebhookInfo') return webhook().info()
    if (call.method !== 'getUpdates') {
      const method = METHODS[call.method]
      if (method === undefined) throw new ApiError(404, 'Not Found: method not found')
      return method(world, call)
    }
    if (webhook().active)
      throw conflict(
        "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first",
      )
    queue.allow(call.object<string[]>('allowed_updates'))
    return queue.poll({
      offset: call.integer('offset') ?? 0,
      limit: call.integer('limit') ?? 100,
      timeout: Math.min(call.integer('timeout') ?? 0, 50),
      gone,
    })
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1')
    const [, file, token, path = ''] = /^\/(file\/)?bot([^/]+)\/(?:test\/)?(.+)$/.exec(url.pathname) ?? []
    if (token === undefined) return this.#send(response, failure(new ApiError(404, 'Not Found')))
    if (decodeURIComponent(token) !== this.#parts.token)
      return this.#send(response, failure(new ApiError(401, 'Unauthorized')))
    if (file !== undefined) return this.#sendFile(response, decodeURIComponent(path))
    const { activity, faults } = this.#parts
    const method = NAMES.get(path.toLowerCase()) ?? path
    const due = faults.takeCall(method)
    activity.begin(method)
    let fields: Readonly<Record<string, unknown>> = {}
    let outcome: Outcome | undefined
    try {
      if (due?.kind === 'close-before') return void request.socket.destroy()
      const call = await this.#read(request, url, method)
      if (call instanceof ApiError) {
        outcome = failure(call)
        return this.#send(response, outcome)
      }
      fields = call.fields
      const gone = new AbortController()
      response.once('close', () => gone.abort())
      outcome = this.#refusal(due) ?? (await this.run(call, gone.signal))
      await this.#deliver(request, response, outcome, due)
    } finally {
      const { ok = false, result, error } = outcome ?? {}
      activity.end({ method, fields, ok, result, error, message: this.#messageOf(result), fault: due?.kind })
    }
  }

  async #read(request: IncomingMessage, url: URL, method: string): Promise<Call | ApiError> {
    try {
      return new Call(method, await readBody(request, url.searchParams))
    } catch (error) {
      if (error instanceof ApiError) return error
      throw error
    }
  }

  #refusal(due: Fault | undefined): Outcome | undefined {
    if (due?.kind === 'rate-limit') return failure(tooManyRequests(due.retryAfter))
    if (due?.kind === 'server-error') return failure(new ApiError(502, 'Bad Gateway'))
    return undefined
  }

  async #deliver(
    request: IncomingMessage,
    response: ServerResponse,
    outcome: Outcome,
    due: Fault | undefined,
  ): Promise<void> {
    if ((due?.kind === 'close-after' || due?.kind === 'malformed') && Array.isArray(outcome.result))
      this.#parts.queue.lost(outcome.result)
    if (due?.kind === 'close-after') return void request.socket.destroy()
    if (due?.kind === 'late') await wait(due.milliseconds, undefined, { signal: this.#closing.signal })
    const text = JSON.stringify(outcome.body)
    const sent = due?.kind === 'malformed' ? text.slice(0, text.length / 2) : text
    this.#send(response, outcome, sent)
  }

  #send(response: ServerResponse, { status, body }: Outcome, text = JSON.stringify(body)): void {
    if (response.destroyed) return
    response.writeHead(status, { 'content-type': 'application/json' }).end(text)
  }

  #sendFile(response: ServerResponse, path: string): void {
    const file = [...this.#parts.world.files.values()].find(one => one.path === path)
    if (file === undefined) this.#send(response, failure(new ApiError(404, 'Not Found')))
    else response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(file.bytes)
  }

  #messageOf(result: unknown): FakeMessage | undefined {
    if (typeof result !== 'object' || result === null || !('message_id' in result)) return undefined
    const { chat, message_id: id } = result as { chat?: { id: number }; message_id: number }
    return chat === undefined ? undefined : this.#parts.world.rooms.get(chat.id)?.messages.get(id)
  }
}
