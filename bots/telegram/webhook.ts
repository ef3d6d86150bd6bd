import { createHash, timingSafeEqual } from 'node:crypto'
import type { Update } from 'grammy/types'
import type { Log } from '../../infra/log.ts'
import { keepAll } from './polling.ts'

export type WebhookHandler = (request: Request) => Promise<Response>

/** Telegram's updates are small; more is from somebody else. */
const LARGEST_BODY = 1024 * 1024

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

/**
 * Takes updates that Telegram posts: 200 once they are kept, so that it tells the others again. 401 without the secret,
 * 503 where this node does not lead or could not keep them.
 */
export const webhookHandler = (parts: {
  readonly secret: string
  readonly log: Log
  /** Keeps an update; null while this node does not lead. */
  handle(): ((update: Update) => Promise<void>) | null
}): WebhookHandler => {
  const wanted = digest(parts.secret)
  return async request => {
    const told = digest(request.headers.get('x-telegram-bot-api-secret-token') ?? '')
    if (request.method !== 'POST' || !timingSafeEqual(told, wanted))
      return new Response(null, { status: 401 })
    const handle = parts.handle()
    if (handle === null) return new Response(null, { status: 503 })
    const body = await request.text()
    const update = body.length > LARGEST_BODY ? null : readUpdate(body)
    if (update === null) return new Response(null, { status: 400 })
    const failed = await keepAll([update], { handle, log: parts.log })
    return new Response(null, { status: failed.size === 0 ? 200 : 503 })
  }
}

const readUpdate = (body: string): Update | null => {
  try {
    const update: unknown = JSON.parse(body)
    const id: unknown =
      typeof update === 'object' && update !== null ? Reflect.get(update, 'update_id') : null
    return typeof id === 'number' ? (update as Update) : null
  } catch {
    return null
  }
}
