import type { Transformer } from 'grammy'

/** How fast the bot writes; below what Telegram allows, so that it seldom has to refuse. */
export interface Pace {
  /** All chats together; Telegram: 30. */
  readonly perSecond: number
  /** Messages and edits at once in one chat before one a second holds; Telegram names no number. */
  readonly chatBurst: number
  /** In one group; Telegram: 20. */
  readonly groupPerMinute: number
}

// A burst of 4 and 25 a second afterwards: never more than 29 in any second.
export const telegramPace: Pace = { perSecond: 25, chatBurst: 2, groupPerMinute: 18 }
const GLOBAL_BURST = 4
const GROUP_BURST = 9

/** Tokens that come back with time; whoever takes one that is not there yet waits for it, in order. */
class Bucket {
  private tokens: number
  private at: number
  private readonly most: number
  private readonly perMillisecond: number
  constructor(most: number, perSecond: number, now: number) {
    this.most = most
    this.tokens = most
    this.perMillisecond = perSecond / 1000
    this.at = now
  }
  private fill(now: number): void {
    this.tokens = Math.min(this.most, this.tokens + (now - this.at) * this.perMillisecond)
    this.at = now
  }
  /** Milliseconds until a token is there, without taking it. */
  wait(now: number): number {
    this.fill(now)
    return this.tokens >= 1 ? 0 : (1 - this.tokens) / this.perMillisecond
  }
  /** Whether more than half of the tokens are there. */
  plenty(now: number): boolean {
    this.fill(now)
    return this.tokens >= 1 && this.tokens > this.most / 2
  }
  take(): void {
    this.tokens -= 1
  }
  get full(): boolean {
    return this.tokens >= this.most
  }
}

export interface Pacer {
  /** Whether a message to that chat could go out now and would leave room for others: a view in between may be left out. */
  plenty(chat: number): boolean
  /** Makes calls that Telegram counts wait for their turn. */
  readonly transformer: Transformer
}

const counted = /^(send(?!ChatAction|MessageDraft)|copy|forward|editMessage)/
const MOST_CHATS = 1000

/** Opens the pace; `now` in milliseconds. */
export const openPacer = (
  pace: Pace,
  sleep: (milliseconds: number) => Promise<void>,
  now: () => number = Date.now,
): Pacer => {
  const all = new Bucket(GLOBAL_BURST, pace.perSecond, now())
  const chats = new Map<number, readonly Bucket[]>()
  const bucketsOf = (chat: number): readonly Bucket[] => {
    const known = chats.get(chat)
    if (known !== undefined) return known
    if (chats.size >= MOST_CHATS)
      for (const [id, buckets] of chats) {
        for (const bucket of buckets) bucket.wait(now())
        if (buckets.every(({ full }) => full)) chats.delete(id)
      }
    const made = [new Bucket(pace.chatBurst, 1, now())]
    // Groups have negative ids.
    if (chat < 0) made.push(new Bucket(GROUP_BURST, (pace.groupPerMinute - GROUP_BURST) / 60, now()))
    chats.set(chat, made)
    return made
  }
  const wait = (chat: number): number =>
    Math.max(...[all, ...bucketsOf(chat)].map(bucket => bucket.wait(now())))
  return {
    plenty: chat => [all, ...bucketsOf(chat)].every(bucket => bucket.plenty(now())),
    transformer: async (prev, method, payload, signal) => {
      const chat = Number(Reflect.get(payload, 'chat_id'))
      if (!counted.test(method) || !Number.isSafeInteger(chat)) return prev(method, payload, signal)
      const milliseconds = wait(chat)
      for (const bucket of [all, ...bucketsOf(chat)]) bucket.take()
      if (milliseconds > 0) await sleep(milliseconds)
      return prev(method, payload, signal)
    },
  }
}
