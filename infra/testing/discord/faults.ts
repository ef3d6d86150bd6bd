import { fault } from '../../errors.ts'

/**
 * What goes wrong with a request. `close-before`: the connection breaks and nothing happened; `close-after`: it happened and
 * the answer is lost; `malformed`: it happened and the answer is cut in the middle.
 */
export type RequestFault =
  | 'rate-limit'
  | 'server-error'
  | 'close-before'
  | 'close-after'
  | 'late'
  | 'malformed'

/**
 * What goes wrong with an event. `close-gateway`: the socket breaks before it arrives, RESUME brings it; `reconnect`: the same
 * after a polite request; `invalid-session`: it is lost and the bot must identify again; `malformed`: a broken copy comes first.
 */
export type EventFault =
  | 'late'
  | 'duplicate'
  | 'out-of-order'
  | 'close-gateway'
  | 'reconnect'
  | 'invalid-session'
  | 'malformed'

export interface FaultRule {
  /** A route (`POST /channels/:id/messages`), `rest` for any, a gateway event (`INTERACTION_CREATE`), or `gateway` for any. */
  readonly on: string
  readonly kind: RequestFault | EventFault
  /** How often; once unless said. */
  readonly times?: number
  /** How many pass unharmed first. */
  readonly after?: number
  /** `rate-limit`: how long to wait; `late`: how late. 0.05 unless said. */
  readonly seconds?: number
  /** `close-*`: `reset` (ECONNRESET, which discord.js repeats by itself; the default) or `end` (which it throws). */
  readonly socket?: 'reset' | 'end'
}

export interface FaultMix {
  /** The same seed gives the same faults for the same sequence of requests and events. */
  readonly seed: number
  /** Share of requests and events that go wrong, 0 to 1. */
  readonly rate: number
  readonly requests?: readonly RequestFault[]
  readonly events?: readonly EventFault[]
  /** At most so many in all. */
  readonly most?: number
}

export interface Injected {
  readonly on: string
  readonly kind: RequestFault | EventFault
}

export interface Faults {
  add(rule: FaultRule): void
  /** Lets things go wrong at random until `clear`. Never the ones that lose events for good unless they are named. */
  mix(mix: FaultMix): void
  clear(): void
  /** Every fault injected so far, oldest first. */
  readonly injected: readonly Injected[]
  /** For the server and the gateway: the fault of this request or event, used up by asking. */
  take(on: string, all: 'rest' | 'gateway'): FaultRule | undefined
}

const requestFaults: readonly string[] = [
  'rate-limit',
  'server-error',
  'close-before',
  'close-after',
  'late',
  'malformed',
] satisfies RequestFault[]
const eventFaults: readonly string[] = [
  'late',
  'duplicate',
  'out-of-order',
  'close-gateway',
  'reconnect',
  'invalid-session',
  'malformed',
] satisfies EventFault[]

/** Parameters may have any name in a rule. */
const anonymous = (on: string): string => on.replaceAll(/:\w+/g, ':')

export const openFaults = (): Faults => {
  const rules: { rule: FaultRule; skip: number; left: number }[] = []
  const injected: Injected[] = []
  let mixed: (FaultMix & { random: () => number; left: number }) | null = null

  const fromMix = (on: string, all: 'rest' | 'gateway'): FaultRule | undefined => {
    // Without these no client comes up at all.
    if (mixed === null || on === 'GET /gateway/bot' || mixed.left <= 0) return undefined
    const { requests, events, random } = mixed
    const kinds: readonly FaultRule['kind'][] =
      all === 'rest'
        ? (requests ?? ['rate-limit', 'server-error', 'close-before', 'close-after', 'late'])
        : (events ?? ['late', 'duplicate', 'out-of-order', 'close-gateway'])
    if (random() >= mixed.rate || kinds.length === 0) return undefined
    mixed.left--
    return { on, kind: kinds[Math.floor(random() * kinds.length)]! }
  }

  return {
    injected,
    add(rule) {
      const event = /^(gateway|[A-Z_]+)$/.test(rule.on)
      if (!(event ? eventFaults : requestFaults).includes(rule.kind))
        throw fault('fault-does-not-fit', `A ${rule.kind} cannot happen on ${rule.on}.`, {
          fix: `Use one of ${(event ? eventFaults : requestFaults).join(', ')}.`,
        })
      rules.push({ rule, skip: rule.after ?? 0, left: rule.times ?? 1 })
    },
    mix(mix) {
      mixed = { ...mix, random: seeded(mix.seed), left: mix.most ?? Number.POSITIVE_INFINITY }
    },
    clear() {
      rules.length = 0
      mixed = null
    },
    take(on, all) {
      const fits = rules.filter(
        ({ rule, left }) => left > 0 && (rule.on === all || anonymous(rule.on) === anonymous(on)),
      )
      const ready = fits.find(entry => entry.skip === 0)
      for (const entry of fits) if (entry.skip > 0) entry.skip--
      if (ready !== undefined) ready.left--
      const found = ready?.rule ?? fromMix(on, all)
      if (found !== undefined) injected.push({ on, kind: found.kind })
      return found
    },
  }
}

/** Mulberry32: small, good enough to choose faults, and the same everywhere. */
const seeded = (seed: number): (() => number) => {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
