import { request } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import type { Update, WebhookInfo } from '@grammyjs/types'
import { badRequest } from './api-error.ts'
import type { Call } from './call.ts'
import type { UpdateQueue } from './update-queue.ts'

interface Target {
  readonly url: string
  readonly secret: string
  readonly most: number
}

interface Answer {
  readonly status: string
  readonly ok: boolean
  readonly body: string
}

const chatKey = (update: Update): number => {
  const { message, edited_message, callback_query, my_chat_member } = update
  const about = message ?? edited_message ?? callback_query?.message ?? my_chat_member
  return about?.chat.id ?? 0
}

/** Sends updates to the bot's own address: in order within a chat, and again until it answers with 2xx. */
export class Webhook {
  readonly #queue: UpdateQueue
  readonly #retryMilliseconds: number
  readonly #stirred: () => void
  readonly #reply: (method: string, fields: Record<string, unknown>) => Promise<void>
  readonly #chains = new Map<number, Promise<void>>()
  readonly #inFlight = new Set<number>()
  readonly #closing = new AbortController()
  #target: Target | undefined
  #lastError: { last_error_date: number; last_error_message: string } | undefined

  constructor(
    queue: UpdateQueue,
    retryMilliseconds: number,
    stirred: () => void,
    reply: (method: string, fields: Record<string, unknown>) => Promise<void>,
  ) {
    this.#queue = queue
    this.#retryMilliseconds = retryMilliseconds
    this.#stirred = stirred
    this.#reply = reply
  }

  get active(): boolean {
    return this.#target !== undefined
  }

  /** Updates on their way now. */
  get inFlight(): number {
    return this.#inFlight.size
  }

  set(call: Call): true {
    const url = call.text('url')
    if (url === '') return this.remove(call)
    const parsed = URL.canParse(url) ? new URL(url) : undefined
    const local = parsed?.protocol === 'http:' && ['127.0.0.1', 'localhost'].includes(parsed.hostname)
    // The platform takes https only; this one never leaves the machine.
    if (!local) throw badRequest('bad webhook: An HTTPS URL must be provided for webhook')
    const secret = call.text('secret_token')
    if (secret !== '' && !/^[\w-]{1,256}$/.test(secret))
      throw badRequest('secret token contains unallowed characters')
    this.#queue.interrupt('setWebhook request')
    this.#target = { url, secret, most: call.integer('max_connections') ?? 40 }
    this.#queue.allow(call.object<string[]>('allowed_updates'))
    if (call.flag('drop_pending_updates')) this.#queue.forget()
    this.#queue.onPush = () => this.#pump()
    this.#pump()
    return true
  }

  remove(call: Call): true {
    this.#target = undefined
    this.#queue.onPush = undefined
    if (call.flag('drop_pending_updates')) this.#queue.forget()
    return true
  }

  info(): WebhookInfo {
    return {
      url: this.#target?.url ?? '',
      has_custom_certificate: false,
      pending_update_count: this.#queue.length,
      ...(this.#target === undefined ? {} : { max_connections: this.#target.most }),
      ...this.#lastError,
    } as WebhookInfo
  }

  close(): void {
    this.#target = undefined
    this.#closing.abort()
  }

  #pump(): void {
    const free = (this.#target?.most ?? 0) - this.#inFlight.size
    if (free <= 0) return
    for (const update of this.#queue.take(free, 0, this.#inFlight)) {
      this.#inFlight.add(update.update_id)
      const key = chatKey(update)
      const before = this.#chains.get(key) ?? Promise.resolve()
      this.#chains.set(
        key,
        before.then(() => this.#deliver(update)),
      )
    }
  }

  async #deliver(update: Update): Promise<void> {
    let delay = this.#retryMilliseconds
    try {
      for (let left = 1; left > 0 && this.#target !== undefined; ) {
        const answer = await this.#send(this.#target, update)
        this.#stirred()
        if (answer.ok) {
          left = this.#queue.taken(update.update_id) ? 1 : 0
          await this.#run(answer.body)
          continue
        }
        this.#lastError = {
          last_error_date: Math.floor(Date.now() / 1000),
          last_error_message: `Wrong response from the webhook: ${answer.status}`,
        }
        await wait(delay, undefined, { signal: this.#closing.signal })
        delay = Math.min(delay * 2, 1000)
      }
    } catch {
      // Closed while it waited: the update stays untold.
    } finally {
      this.#inFlight.delete(update.update_id)
      this.#pump()
    }
  }

  /** A webhook may answer with one call instead of making it; the bot never learns what came of it. */
  async #run(body: string): Promise<void> {
    if (!body.startsWith('{')) return
    const { method, ...fields } = JSON.parse(body) as Record<string, unknown>
    if (typeof method === 'string') await this.#reply(method, fields)
  }

  #send({ url, secret }: Target, update: Update): Promise<Answer> {
    const body = JSON.stringify(update)
    const headers = {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      ...(secret === '' ? {} : { 'x-telegram-bot-api-secret-token': secret }),
    }
    return new Promise(resolve => {
      const failed = (error: Error) => resolve({ status: error.message, ok: false, body: '' })
      // No agent: a connection of its own for each, so that none stays open.
      const options = { method: 'POST', headers, agent: false, signal: this.#closing.signal } as const
      request(url, options, response => {
        const parts: Buffer[] = []
        response.on('data', (part: Buffer) => parts.push(part))
        response.on('error', failed)
        response.on('end', () => {
          const code = response.statusCode ?? 0
          const status = `${code} ${response.statusMessage ?? ''}`.trim()
          resolve({ status, ok: code >= 200 && code < 300, body: Buffer.concat(parts).toString('utf8') })
        })
      })
        .on('error', failed)
        .end(body)
    })
  }
}
