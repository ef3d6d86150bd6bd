import type { IncomingMessage } from 'node:http'
import type { Context } from 'hono'
import { RateLimiterMemory } from 'rate-limiter-flexible'
import { fault } from '../../../infra/errors.ts'
import { isPublicAddress } from '../../../infra/public-address.ts'
import type { Env, Gate } from '../gate.ts'

/** Who pays for each request may send more of them than others whom nobody knows. */
const PAYING = 10

/** Counts requests by the minute; throws `rate-limited`. */
export interface Rates {
  /** One more request of `who`, of whom `perMinute` are served; the answer's headers tell how many are left. */
  count(c: Context<Env>, who: string, perMinute: number): Promise<void>
}

export const openRates = (): Rates => {
  // It only counts: the limit is each key's own.
  const counter = new RateLimiterMemory({ points: Number.MAX_SAFE_INTEGER, duration: 60 })
  return {
    count: async (c, who, perMinute) => {
      const { consumedPoints, msBeforeNext } = await counter.consume(who)
      const seconds = Math.ceil(msBeforeNext / 1000)
      c.res.headers.set('ratelimit-limit', String(perMinute))
      c.res.headers.set('ratelimit-remaining', String(Math.max(0, perMinute - consumedPoints)))
      c.res.headers.set('ratelimit-reset', String(seconds))
      if (consumedPoints > perMinute)
        throw fault('rate-limited', `More than ${perMinute} requests came within a minute.`, {
          fix: `Wait ${seconds} s, and send fewer at a time.`,
          retry: true,
          facts: { retryAfterSeconds: seconds },
        })
    },
  }
}

/** Counts a request of nobody in particular by where it comes from. */
export const countAnonymous = (rates: Rates, gate: Gate, c: Context<Env>): Promise<void> => {
  const perMinute = gate.settings.TRIBUTARY_ANONYMOUS_RATE
  const pays = c.req.header('payment-signature') !== undefined
  const from = addressOf(gate, c)
  return pays ? rates.count(c, `pays/${from}`, perMinute * PAYING) : rates.count(c, `from/${from}`, perMinute)
}

/**
 * Whether a request came from elsewhere: it names the public address, tells whom the proxy there had it from, or came past
 * that proxy.
 */
export const isOutside = ({ address }: Gate, c: Context<Env>): boolean => {
  const { url, local } = address()
  if (url === local) return false
  return (
    isPublicAddress(socketAddress(c)) === true ||
    c.req.header('host')?.toLowerCase() === new URL(url).host ||
    c.req.header('x-forwarded-for') !== undefined
  )
}

/** Of the other end of the connection; an IPv4 address as one also where the socket is of IPv6. */
const socketAddress = (c: Context<Env>): string => {
  const { incoming } = (c.env ?? {}) as { incoming?: IncomingMessage }
  return incoming?.socket.remoteAddress?.replace(/^::ffff:(?=.*\.)/i, '') ?? 'unknown'
}

/** The sender's address: what the proxy in front added to X-Forwarded-For, and only where there is one, which is near by. */
export const addressOf = (gate: Gate, c: Context<Env>): string => {
  const socket = socketAddress(c)
  const proxied = isOutside(gate, c) && isPublicAddress(socket) !== true
  const forwarded = proxied ? c.req.header('x-forwarded-for')?.split(',').at(-1)?.trim() : undefined
  return networkOf(forwarded ?? socket)
}

/** An IPv6 address stands for its /64: whoever has one has them all. */
export const networkOf = (address: string): string => {
  if (!address.includes(':') || address.includes('.')) return address
  const [left = [], right = []] = address.split('::').map(half => half.split(':').filter(part => part !== ''))
  return [...left, ...Array(Math.max(0, 8 - left.length - right.length)).fill('0'), ...right]
    .slice(0, 4)
    .join(':')
}
