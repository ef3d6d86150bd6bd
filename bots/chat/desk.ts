import { isFault } from '../../infra/errors.ts'
import type { Log } from '../../infra/log.ts'
import { interrupted } from '../../tools/ask.ts'
import type { Chats, WaitingUpdate } from '../../tools/chats.ts'
import { rowsFileText } from '../files.ts'
import type { Bot } from '../session.ts'
import { answerUpdate, giveUpUpdate } from './answer-update.ts'
import { type Budgets, defaultBudgets } from './budgets.ts'
import { openCardDesk } from './cards.ts'
import { openCommunityDesk } from './communities.ts'
import { Stopped, type Wait, waitByTimer } from './deliver.ts'
import { Lanes } from './lanes.ts'
import { tellNews } from './news.ts'
import type { Incoming, Platform } from './platform.ts'
import { openReception } from './reception.ts'
import { Slots } from './slots.ts'
import { openTyping } from './typing.ts'
import type { Workplace } from './workplace.ts'

export interface DeskOptions {
  readonly bot: Bot
  readonly chats: Chats
  readonly platform: Platform
  readonly log: Log
  /** People answered at the same time; default 16. */
  readonly parallel?: number
  /** Updates held in memory; the rest wait in the database. Default 256. */
  readonly memory?: number
  readonly budgets?: Budgets
  /** Turns a file's bytes into rows as text; default: every kind of file that is read. */
  readDocument?(name: string, bytes: Uint8Array): Promise<string>
  /** Waits; tests wait for nothing. */
  readonly wait?: Wait
  /** Seconds between looks at news, cards and communities; default 10. 0: only `look()`. */
  readonly lookSeconds?: number
}

/** Answers what people do on one platform: each thing once, whatever happens between. */
export interface Desk {
  /** Keeps what a person did; it is answered once kept. `known`: it was told before. Throws where it could not be kept. */
  receive(incoming: Incoming): Promise<'new' | 'known'>
  /** Begins to answer, with what an earlier process left. */
  start(): void
  /** Ends after the answers under way, at most some seconds later; the rest waits for the next start. */
  stop(): Promise<void>
  /** Resolves when nothing waits and nothing is under way. */
  idle(): Promise<void>
  /** Tells the news that wait, moves the cards, opens threads, tells digests: what the desk does by itself now and then. */
  look(): Promise<void>
}

/** Updates of one lane in memory: a person who floods takes no room from the others. */
const EACH = 8
/** Milliseconds between looks for updates that another process received. */
const POLL_MS = 1_000
const STOP_MS = 5_000
/** Failures of our own over one update, after which it is given up. */
const MOST_FAILURES = 3
/** News are looked up for a person who was just answered, at most this often. */
const NEWS_MS = 30_000

export const openDesk = (options: DeskOptions): Desk => new RunningDesk(options)

class RunningDesk implements Desk {
  private readonly place: Workplace
  private readonly memory: number
  private readonly lookMs: number
  private readonly lanes = new Lanes()
  private readonly reception
  private readonly typing
  private readonly communities
  private readonly cards
  private readonly background = new Set<Promise<unknown>>()
  private readonly newsAt = new Map<string, number>()
  /** Updates that could not even be given up; the next start tries them again. */
  private readonly stuck = new Set<bigint>()
  private stopping = new AbortController()
  private interrupting = new AbortController()
  private started = false
  private readonly slots: Slots
  /** Updates that are being answered, also those that wait for their platform. */
  private underWay = 0
  private filling: Promise<void> | null = null
  private mayWait = true
  private timers: NodeJS.Timeout[] = []
  private looking: Promise<void> | null = null
  private readonly idlers: (() => void)[] = []

  constructor(options: DeskOptions) {
    const wait = options.wait ?? waitByTimer
    this.slots = new Slots(options.parallel ?? 16, () => this.work())
    this.place = {
      ...options,
      budgets: options.budgets ?? defaultBudgets,
      wait,
      backOff: (milliseconds, signal) => this.slots.aside(() => wait(milliseconds, signal)),
      readDocument: options.readDocument ?? rowsFileText,
    }
    this.memory = options.memory ?? 256
    this.lookMs = (options.lookSeconds ?? 10) * 1000
    this.communities = openCommunityDesk(this.place)
    this.cards = openCardDesk(this.place)
    this.typing = openTyping(options.platform)
    this.reception = openReception(options.chats, options.platform.name, () => {
      this.mayWait = true
      this.fill()
    })
  }

  async receive(incoming: Incoming): Promise<'new' | 'known'> {
    const told = await this.reception(incoming)
    if (told === 'new' && this.started) this.typing.heard(incoming)
    return told
  }

  start(): void {
    if (this.started) return
    this.started = true
    this.stopping = new AbortController()
    this.interrupting = new AbortController()
    this.mayWait = true
    this.fill()
    this.every(POLL_MS, () => {
      this.mayWait = true
      this.fill()
    })
    if (this.lookMs > 0) this.every(this.lookMs, () => this.later(this.look()))
    this.every(3_600_000, () => this.later(this.place.chats.clean()))
  }

  async stop(): Promise<void> {
    this.started = false
    for (const timer of this.timers.splice(0)) clearInterval(timer)
    this.stopping.abort()
    this.typing.clear()
    const patience = setTimeout(() => this.interrupting.abort(interrupted()), STOP_MS)
    const { signal } = this.interrupting
    await Promise.race([this.idle(), new Promise(resolve => signal.addEventListener('abort', resolve))])
    clearTimeout(patience)
    this.lanes.clear()
  }

  idle(): Promise<void> {
    return new Promise(resolve => this.whenIdle(resolve))
  }

  look(): Promise<void> {
    this.looking ??= this.lookNow().finally(() => {
      this.looking = null
    })
    return this.looking
  }

  private async lookNow(): Promise<void> {
    const { chats, platform } = this.place
    const failed: unknown[] = []
    // Each by itself: a community that cannot be reached keeps no news from anybody.
    const attempt = (work: () => Promise<unknown>) => work().catch((error: unknown) => failed.push(error))
    for (const person of await chats.unnoticed(platform.name, 50))
      await attempt(() => tellNews(this.place, person))
    await attempt(() => this.cards.look())
    await attempt(() => this.communities.look())
    for (const error of failed) this.warn('chat.look-failed', error)
  }

  private every(milliseconds: number, work: () => void): void {
    const timer = setInterval(work, milliseconds)
    timer.unref()
    this.timers.push(timer)
  }

  /** Work that nobody waits for, but for `idle` and `stop`; it never rejects. */
  private later(work: Promise<unknown>): void {
    const settled = work
      .catch((error: unknown) => this.warn('chat.background-failed', error))
      .finally(() => {
        this.background.delete(settled)
        this.settle()
      })
    this.background.add(settled)
  }

  // Names and codes only: what a platform or a database says may quote people.
  private warn(event: string, error: unknown, facts: Record<string, string> = {}): void {
    const kind = isFault(error) ? error.code : error instanceof Error ? error.name : typeof error
    this.place.log.warn(event, { platform: this.place.platform.name, kind, ...facts })
  }

  private whenIdle(done: () => void): void {
    this.idlers.push(done)
    this.settle()
  }

  private settle(): void {
    if (this.underWay > 0 || this.filling !== null || this.background.size > 0) return
    if (this.started && (this.mayWait || this.lanes.size > 0)) return
    for (const done of this.idlers.splice(0)) done()
  }

  /** Loads what waits in the database while there is room, one load at a time, and sets the lanes to work. */
  private fill(): void {
    if (!this.started || this.filling !== null || !this.mayWait) return
    const room = this.memory - this.lanes.size
    // A load sorts all that wait: better seldom and much than often and little.
    if (room < this.memory / 2) return
    this.mayWait = false
    this.filling = this.load(room)
      .catch((error: unknown) => {
        this.warn('chat.load-failed', error)
        return new Promise<void>(resolve => {
          this.place.wait(POLL_MS, this.stopping.signal).then(resolve, resolve)
        }).then(() => {
          this.mayWait = true
        })
      })
      .finally(() => {
        this.filling = null
        this.work()
        this.fill()
        this.settle()
      })
  }

  private async load(room: number): Promise<void> {
    const { chats, platform } = this.place
    const eachChat = Math.ceil(this.memory / 4)
    const updates = await chats.waiting(platform.name, {
      except: [...this.lanes.seqs, ...this.stuck],
      each: EACH,
      most: room,
      eachChat,
      fullChats: this.lanes.fullChats(eachChat),
    })
    for (const update of updates) this.lanes.add(update)
    // Anything found may have more behind it.
    if (updates.length > 0) this.mayWait = true
  }

  private work(): void {
    while (this.started && this.slots.free) {
      const update = this.lanes.take()
      if (update === undefined) return
      this.slots.take()
      this.underWay++
      void this.answer(update).finally(() => {
        this.typing.answered(update.key)
        this.underWay--
        this.lanes.done(update)
        this.slots.giveBack()
        this.fill()
        this.settle()
      })
    }
  }

  /** Answers an update for as long as it takes; never rejects. */
  private async answer(update: WaitingUpdate): Promise<void> {
    const { signal } = this.stopping
    const signals = { stop: signal, interrupt: this.interrupting.signal }
    const began = performance.now()
    for (let failures = 0; !signal.aborted; ) {
      try {
        // What fails time and again is ended with an incident: later it would meet another question than it was meant for.
        const answering = failures < MOST_FAILURES ? answerUpdate : giveUpUpdate
        const { accountId } = await answering(this.place, update, signals)
        this.place.log.info('chat.answered', {
          platform: this.place.platform.name,
          update: String(update.seq),
          milliseconds: Math.round(performance.now() - began),
        })
        if (accountId !== null) this.tellLater(update.subject, accountId)
        return
      } catch (error) {
        if (error instanceof Stopped || isFault(error, 'update-overtaken')) return
        this.warn('chat.failed', error, { update: String(update.seq) })
        if (!isFault(error) || !error.retry) failures++
        if (failures > 2 * MOST_FAILURES) {
          this.stuck.add(update.seq)
          return
        }
        await this.place.wait(POLL_MS, signal).catch(() => {})
      }
    }
  }

  private tellLater(subject: string, accountId: string): void {
    const now = performance.now()
    if (now - (this.newsAt.get(subject) ?? Number.NEGATIVE_INFINITY) < NEWS_MS) return
    // People who were answered long ago need not be remembered.
    if (this.newsAt.size > 10_000) this.newsAt.clear()
    this.newsAt.set(subject, now)
    this.later(tellNews(this.place, { subject, accountId }))
  }
}
