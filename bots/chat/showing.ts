import type { Log } from '../../infra/log.ts'
import type { Chats, Tried, WaitingUpdate } from '../../tools/chats.ts'
import { type Reply, text } from '../reply.ts'
import type { Sentences } from '../sentences.ts'
import { deliver, type Wait } from './deliver.ts'
import type { Incoming, Outcome, Platform, View } from './platform.ts'
import { shownOf } from './shown.ts'
import { compose, draftOf, type KeptView, unfinished } from './view.ts'

export interface ShowingOptions {
  readonly chats: Chats
  readonly platform: Platform
  readonly log: Log
  readonly wait: Wait
  /** Waits between tries of a platform that cannot be reached. */
  readonly backOff: Wait
  readonly signal: AbortSignal
  readonly update: WaitingUpdate
  readonly incoming: Incoming
  readonly say: Sentences
  /** Whether only the person may see it; asked once, when the first of it is shown. */
  isPrivate(): boolean
  /** Whom the buttons are for; null: anybody there. */
  subject(): string | null
}

/** What `Chats.finish` wants to know of the message. */
export interface Ended {
  readonly message: string | null
  readonly state: 'shown' | 'gone' | null
  readonly view: KeptView | null
}

/** The one message that answers an update: shown while it is being made, at the pace that the platform allows, and once whole. */
export class Showing {
  private readonly replies: Reply[] = []
  private readonly options: ShowingOptions
  private readonly ended = new AbortController()
  private tried: Promise<Tried> | null = null
  private message: string | null = null
  private gone: Outcome | null = null
  private private: boolean | null = null
  private frame: Promise<void> | null = null
  private shownCount = 0
  private lastAt = Number.NEGATIVE_INFINITY

  constructor(options: ShowingOptions) {
    this.options = options
  }

  readonly say = (reply: Reply): void => {
    this.replies.push(reply)
    if (reply.kind !== 'part' && reply.kind !== 'progress') return
    // Failures of a frame do not matter: the whole message follows.
    this.frame ??= this.stream().catch(() => {})
  }

  /** Shows the whole message. Throws `Stopped`, and faults of the database. */
  async end(): Promise<Ended> {
    this.ended.abort()
    await this.frame
    const { chats, platform, update, say } = this.options
    const composed = compose(draftOf(this.replies), {
      nonce: update.nonce,
      subject: this.options.subject(),
      private: this.isPrivate(),
      platform,
      say,
    })
    await this.begin()
    await chats.keepButtons(platform.name, update.nonce, composed.buttons)
    const outcome = this.gone ?? (await this.deliverWhole(composed.view))
    if (outcome.kind === 'gone') {
      this.options.log.info('chat.gone', { platform: platform.name, update: String(update.seq) })
      return { message: null, state: 'gone', view: null }
    }
    return { message: outcome.message, state: 'shown', view: composed.kept }
  }

  private async deliverWhole(view: View): Promise<Outcome> {
    await this.pace(this.options.signal)
    try {
      return await deliver(() => this.send(view), this.delivery)
    } catch (error) {
      if (this.options.signal.aborted) throw error
      // What the platform will not take in this form it may take as a sentence; a second refusal is final.
      const incident = String(this.options.update.seq)
      // Its name only: what a platform says of a refused message may quote it.
      this.options.log.error('chat.refused', {
        update: incident,
        kind: error instanceof Error ? error.name : typeof error,
      })
      const plain: View = {
        blocks: [text(this.options.say.incident(incident), 'bad') as View['blocks'][number]],
        buttons: [],
        private: this.isPrivate(),
        final: true,
      }
      return deliver(() => this.send(plain), this.delivery).catch((again: unknown): Outcome => {
        if (this.options.signal.aborted) throw again
        return { kind: 'gone', reason: 'refused' }
      })
    }
  }

  private get delivery() {
    const { backOff, signal, log } = this.options
    return { wait: backOff, signal, log }
  }

  /** Whether only the person sees it; decided once, when the first of it is shown. */
  isPrivate(): boolean {
    this.private ??= this.options.isPrivate()
    return this.private
  }

  /** Notes that the message is about to be shown, once; what earlier tries left. */
  private begin(): Promise<Tried> {
    const { chats, platform, update } = this.options
    this.tried ??= chats.trying({ nonce: update.nonce, platform: platform.name, place: update.chat })
    return this.tried
  }

  private async send(view: View): Promise<Outcome> {
    const { chats, platform, incoming, update } = this.options
    const tried = await this.begin()
    this.message ??= tried.message
    const fresh = tried.fresh && this.message === null
    const shown = shownOf({ ...tried, fresh, message: this.message }, update.nonce)
    // Whatever becomes of this try, the next one is not the first: it has to know what stands there.
    this.tried = null
    const outcome = await platform.answer(incoming, view, shown)
    this.lastAt = performance.now()
    if (outcome.kind === 'shown') {
      this.tried = Promise.resolve({ ...tried, fresh: false, message: outcome.message })
      if (!view.final && this.message !== outcome.message)
        await chats.shown(update.nonce, outcome.message, 'shown')
      this.message = outcome.message
    } else this.gone = outcome
    return outcome
  }

  private async pace(signal: AbortSignal): Promise<void> {
    const left = this.lastAt + this.options.platform.editMilliseconds - performance.now()
    if (left > 0) await this.options.wait(left, signal).catch(() => {})
  }

  private async stream(): Promise<void> {
    while (!this.ended.signal.aborted && this.gone === null && this.shownCount < this.replies.length) {
      await this.pace(this.ended.signal)
      if (this.ended.signal.aborted) break
      this.shownCount = this.replies.length
      await this.send(unfinished(draftOf(this.replies), this.isPrivate()))
    }
    this.frame = null
  }
}
