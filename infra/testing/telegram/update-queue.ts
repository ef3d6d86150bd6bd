import type { Update } from '@grammyjs/types'
import { conflict } from './api-error.ts'
import type { FaultBook } from './faults.ts'

/** What happened, before it has a number. */
export type News = Omit<Update, 'update_id'>

interface Item {
  readonly update: Update
  /** How often it was given to the bot. */
  told: number
  /** It stays although confirmed, to be told once more. */
  again: boolean
  /** It waits for a later one to overtake it. */
  held: boolean
  /** A later one came first: an offset after that one does not confirm it. */
  overtaken: boolean
  /** It was overtaken until it was told last. */
  toldLate: boolean
}

interface Waiting {
  readonly wake: () => void
  readonly fail: (error: Error) => void
}

export interface PollOptions {
  readonly offset: number
  readonly limit: number
  /** Seconds. */
  readonly timeout: number
  readonly gone: AbortSignal
}

// An update that is held back goes out alone where nothing follows it so soon.
const HELD_MILLISECONDS = 50
const SILENT = ['chat_member', 'message_reaction', 'message_reaction_count']

/** Updates that the bot has not confirmed, oldest first. */
export class UpdateQueue {
  readonly #faults: FaultBook
  readonly #delivered: () => void
  readonly #timers = new Set<NodeJS.Timeout>()
  #items: Item[] = []
  #lastId = 700_000
  #allowed: ReadonlySet<string> | undefined
  #poller: Waiting | undefined
  /** Called where a webhook takes updates instead of a poller. */
  onPush: (() => void) | undefined

  constructor(faults: FaultBook, delivered: () => void) {
    this.#faults = faults
    this.#delivered = delivered
  }

  /** Updates that the bot has not confirmed yet. */
  get length(): number {
    return this.#items.length
  }

  /** A list replaces the last one; an empty one means everything but member changes and reactions. */
  allow(kinds: readonly string[] | undefined): void {
    if (kinds !== undefined) this.#allowed = kinds.length === 0 ? undefined : new Set(kinds)
  }

  push(news: News): Update | undefined {
    const [kind = ''] = Object.keys(news)
    if (!(this.#allowed?.has(kind) ?? !SILENT.includes(kind))) return undefined
    this.#lastId += 1
    const update = { update_id: this.#lastId, ...news }
    this.#items.push({ update, told: 0, again: false, held: false, overtaken: false, toldLate: false })
    this.#wake()
    return update
  }

  forget(): void {
    this.#items = []
  }

  /** Answers a getUpdates: at once where something waits, else when something comes or after `timeout` seconds. */
  async poll({ offset, limit, timeout, gone }: PollOptions): Promise<Update[]> {
    this.interrupt('other getUpdates request; make sure that only one bot instance is running')
    this.#confirm(offset)
    const first = this.take(limit, offset)
    if (first.length > 0 || timeout <= 0) return first
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => waiting.wake(), timeout * 1000)
      const end = () => {
        clearTimeout(timer)
        gone.removeEventListener('abort', waiting.wake)
        if (this.#poller === waiting) this.#poller = undefined
      }
      const waiting: Waiting = {
        wake: () => {
          end()
          resolve()
        },
        fail: error => {
          end()
          reject(error)
        },
      }
      this.#poller = waiting
      gone.addEventListener('abort', waiting.wake)
    })
    return gone.aborted ? [] : this.take(limit, offset)
  }

  /** Ends the call that waits for updates with a 409. */
  interrupt(by: string): void {
    this.#poller?.fail(conflict(`terminated by ${by}`))
  }

  /** The next updates to tell, after faults of order and repetition. */
  take(limit: number, offset = 0, inFlight: ReadonlySet<number> = new Set()): Update[] {
    const ready = this.#items.filter(
      ({ held, again, overtaken, update: { update_id: id } }) =>
        !held && !inFlight.has(id) && (id >= offset || again || overtaken),
    )
    let batch = ready.slice(0, Math.min(Math.max(limit, 1), 100))
    const fault = batch.length > 0 ? this.#faults.takeDelivery() : undefined
    const [first] = batch
    if (fault === 'duplicate' && first !== undefined) first.again = true
    if (fault === 'out-of-order' && first !== undefined) {
      const earlier = batch.slice(0, -1)
      for (const item of earlier) item.overtaken = true
      batch = batch.slice(-1)
      if (earlier.length === 0) batch = this.#holdBack(first)
    }
    for (const item of batch) {
      if (item.told > 0 && item.update.update_id < offset) item.again = false
      item.told += 1
      item.toldLate = item.overtaken
      item.overtaken = false
    }
    if (batch.length > 0) this.#delivered()
    return batch.map(item => item.update)
  }

  /** The answer that told these was lost on its way: no offset confirms one that was told late. */
  lost(updates: readonly Update[]): void {
    const ids = new Set(updates.map(update => update.update_id))
    for (const item of this.#items) if (ids.has(item.update.update_id)) item.overtaken ||= item.toldLate
  }

  /** Takes an update off after a webhook took it. True where it must be told once more. */
  taken(id: number): boolean {
    const item = this.#items.find(one => one.update.update_id === id)
    if (item?.again === true) {
      item.again = false
      return true
    }
    this.#items = this.#items.filter(one => one.update.update_id !== id)
    return false
  }

  close(): void {
    for (const timer of this.#timers) clearTimeout(timer)
    this.#poller?.wake()
  }

  #confirm(offset: number): void {
    if (offset > 0)
      this.#items = this.#items.filter(item => {
        if (item.update.update_id >= offset) return true
        return item.again || item.held || item.overtaken
      })
    if (offset < 0) this.#items = this.#items.slice(offset)
  }

  #holdBack(item: Item): Item[] {
    item.held = true
    item.overtaken = true
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      item.held = false
      this.#wake()
    }, HELD_MILLISECONDS)
    this.#timers.add(timer)
    return []
  }

  #wake(): void {
    this.#poller?.wake()
    this.onPush?.()
  }
}
