import type { Room } from './room.ts'

/** How fast a bot may write. */
export interface SendLimits {
  /** Messages a second, all chats together. */
  readonly perSecond: number
  /** Messages at once in one chat, before one a second holds. */
  readonly chatBurst: number
  /** Messages a minute in one group. */
  readonly groupPerMinute: number
}

/** The limits that the platform's FAQ names; the burst, which it only calls short, was chosen. */
export const REAL_LIMITS: SendLimits = { perSecond: 30, chatBurst: 3, groupPerMinute: 20 }

const LIMITED = /^(send(?!ChatAction|MessageDraft)|copy|forward|editMessage)/

/** Counts what a bot writes. */
export class SendMeter {
  readonly #limits: SendLimits
  readonly #now: () => number
  readonly #groups = new Map<number, number[]>()
  readonly #chats = new Map<number, { tokens: number; at: number }>()
  #all: number[] = []

  constructor(limits: SendLimits, now: () => number) {
    this.#limits = limits
    this.#now = now
  }

  /** Counts a call. Returns the seconds to wait where it comes too early: then nothing was counted. */
  count(method: string, room: Pick<Room, 'id' | 'kind'>): number | undefined {
    if (!LIMITED.test(method)) return undefined
    const { perSecond, chatBurst, groupPerMinute } = this.#limits
    const now = this.#now()
    this.#all = this.#all.filter(at => at > now - 1000)
    if (this.#all.length >= perSecond) return 1
    const last = this.#chats.get(room.id) ?? { tokens: chatBurst, at: now }
    const tokens = Math.min(chatBurst, last.tokens + (now - last.at) / 1000)
    if (tokens < 1) return Math.max(1, Math.ceil(1 - tokens))
    const group = (this.#groups.get(room.id) ?? []).filter(at => at > now - 60_000)
    if (room.kind !== 'private') {
      const [oldest = now] = group
      if (group.length >= groupPerMinute) return Math.max(1, Math.ceil((oldest + 60_000 - now) / 1000))
      this.#groups.set(room.id, [...group, now])
    }
    this.#chats.set(room.id, { tokens: tokens - 1, at: now })
    this.#all.push(now)
    return undefined
  }
}
