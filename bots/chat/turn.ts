import { isFault } from '../../infra/errors.ts'
import type { Begun, KeptConversation, WaitingUpdate } from '../../tools/chats.ts'
import type { Caller } from '../../tools/context.ts'
import { converse, faultsOf } from '../conversation.ts'
import { text } from '../reply.ts'
import type { Bot, Session } from '../session.ts'
import { openAccount } from './accounts.ts'
import { type CardPlace, LIVE_SECONDS } from './cards.ts'
import { conversationOf, conversationsAfter, forgotten } from './conversations.ts'
import { deliver, Stopped } from './deliver.ts'
import { Heard } from './heard.ts'
import { ownCommandsFor } from './own-commands.ts'
import type { Incoming } from './platform.ts'
import { type Press, readPress } from './presses.ts'
import { publicCommands } from './public-commands.ts'
import { chatSentences, sessionFrom, sessionJson } from './session-json.ts'
import { readSettings } from './settings.ts'
import { type Ended, Showing } from './showing.ts'
import { shownOf } from './shown.ts'
import { storable } from './storable.ts'
import { pageOf } from './view.ts'
import type { Signals, Workplace } from './workplace.ts'

const nothingShown: Ended = { message: null, state: null, view: null }

/** What an answer came to: whose account it was, for the news that wait for it. */
export interface Answered {
  readonly accountId: string | null
}

/** Answering one update of one person. Both ways to end it throw `Stopped`, `update-overtaken` and faults of the database. */
export class Turn {
  private readonly place: Workplace
  private readonly update: WaitingUpdate
  private readonly incoming: Incoming
  private readonly begun: Begun
  private readonly signals: Signals
  private readonly say: ReturnType<typeof chatSentences>
  private readonly showing: Showing
  private readonly heard: Heard
  private session: Session | null = null

  constructor(place: Workplace, update: WaitingUpdate, incoming: Incoming, begun: Begun, signals: Signals) {
    this.place = place
    this.update = update
    this.incoming = incoming
    this.begun = begun
    this.signals = signals
    const settings = readSettings(begun.community)
    const languages = [settings?.language ?? undefined, incoming.person.language]
    this.say = chatSentences(languages, incoming.place.community !== null)
    this.heard = new Heard(place, incoming, settings, this.say)
    this.showing = new Showing({
      ...place,
      signal: signals.stop,
      update,
      incoming,
      say: this.say,
      isPrivate: () => this.isPrivate(),
      // What a public command offers, anybody may take up; a question is for the one who was asked.
      subject: () => (this.isShared() && this.session?.pending == null ? null : incoming.person.subject),
    })
  }

  /** `tooMuch`: seconds to wait, where the budgets are used up; else 0. */
  async answer(tooMuch: number): Promise<Answered> {
    const { chats, bot } = this.place
    if (tooMuch > 0) {
      this.refuse(this.say.chatting.tooMany(tooMuch))
      await this.finish([], await this.showing.end())
      return { accountId: this.begun.accountId }
    }
    const accountId = await this.join()
    const full = this.fullBot()
    const session = this.openSession(full, accountId)
    const before = session.pending
    const press = await readPress(chats, this.incoming, this.say)
    if (accountId === null && bot.verb('join') !== undefined) await this.finish([], await this.showing.end())
    else if (press?.kind === 'page') await this.turnPage(press)
    else {
      await this.act(full, session, press)
      if (session.pending?.kind === 'dialogue' && session.pending !== before) this.sayHowToAnswer()
      if (this.signals.interrupt.aborted) throw new Stopped()
      const ended = await this.showing.end()
      await this.finish(this.conversations(session, before), ended)
      await this.keepCard(ended)
    }
    return { accountId }
  }

  /** Ends the update with an incident. What was asked of the person is not open any more: they cannot know what became of it. */
  async giveUp(): Promise<Answered> {
    const { accountId } = this.begun
    const full = this.fullBot()
    const session = this.openSession(full, accountId)
    session.pending = null
    this.heard.hushed = true
    for (const reply of faultsOf(full, session, new Error(`update ${this.update.seq} was given up`)))
      this.showing.say(reply)
    const ended = await this.showing.end().catch((error: unknown): Ended => {
      if (error instanceof Stopped || (isFault(error) && error.retry)) throw error
      return nothingShown
    })
    await this.finish([{ chat: conversationOf(this.incoming), session: sessionJson(session) }], ended)
    return { accountId }
  }

  private fullBot(): Bot {
    const { chats, bot, platform } = this.place
    const { incoming, say } = this
    const own = ownCommandsFor({ chats, platform, incoming, say, now: bot.network.clock.now() })
    return { ...bot, commands: [...bot.commands, ...own] }
  }

  private openSession(full: Bot, accountId: string | null): Session {
    const caller: Caller = {
      role: accountId === null ? 'anyone' : 'member',
      accountId,
      surface: this.incoming.place.platform,
    }
    const person = { caller, name: this.incoming.person.name, say: this.say }
    this.session = sessionFrom(this.begun.session, full, person)
    return this.session
  }

  private conversations(session: Session, before: Session['pending']): KeptConversation[] {
    // What was said for one account is not gone on with for another.
    if (this.heard.parted) return forgotten(this.incoming)
    return conversationsAfter(this.incoming, session, {
      before,
      isPrivate: this.showing.isPrivate(),
      platform: this.place.platform,
    })
  }

  private isShared(): boolean {
    return (
      this.incoming.place.community !== null &&
      ['status', 'models', 'run', 'help'].includes(this.heard.command?.name ?? '')
    )
  }

  private isPrivate(): boolean {
    if (this.incoming.place.community === null) return false
    if (this.heard.hushed) return true
    return this.heard.command !== null && !publicCommands.has(this.heard.command.name)
  }

  /** Says why nothing is done, to the person alone. */
  private refuse(words: string): void {
    this.heard.hushed = true
    this.showing.say(text(words, 'quiet'))
  }

  private finish(sessions: readonly KeptConversation[], ended: Ended): Promise<void> {
    return this.place.chats.finish(this.update, { sessions, ...ended })
  }

  /** The account of the person; null, with the reason said, where none can be opened. */
  private async join(): Promise<string | null> {
    const known = this.begun.accountId
    if (known !== null) return known
    const { accountId, replies } = await openAccount(this.place.bot, this.incoming, this.key, this.say)
    if (accountId === null) this.heard.hushed = true
    for (const reply of replies) this.showing.say(reply)
    return accountId
  }

  /** In a Discord server a bot hears no plain lines. */
  private sayHowToAnswer(): void {
    const { platform, community } = this.incoming.place
    if (platform === 'discord' && community !== null)
      this.showing.say(text(this.say.chatting.cancelHintInServer, 'quiet'))
  }

  private get key(): string {
    return `${this.place.platform.name}/${this.update.key}`
  }

  private async act(
    bot: Bot,
    session: Session,
    press: Exclude<Press, { kind: 'page' }> | null,
  ): Promise<void> {
    const { act } = this.incoming
    const say = this.showing.say
    const surroundings = this.heard.surroundings(this.key, this.signals.interrupt)
    switch (act.kind) {
      case 'line':
        return converse(bot, session, act.line, say, surroundings)
      case 'command':
        return converse(bot, session, { name: act.name, words: act.words }, say, surroundings)
      case 'file':
        return converse(bot, session, act.line, say, { ...surroundings, attached: `@${act.name}` })
      case 'button': {
        if (press?.kind !== 'line') return this.refuse(press?.words ?? this.say.chatting.expiredButton)
        return converse(bot, session, press.line, say, {
          ...surroundings,
          ...(press.pending === undefined ? {} : { pending: press.pending }),
        })
      }
    }
  }

  /** Replaces the message under which a page button was pressed. */
  private async turnPage({ message, nonce, view, page }: Press & { kind: 'page' }): Promise<void> {
    const { platform, log, backOff } = this.place
    const shown = shownOf({ message, others: [], fresh: false }, nonce)
    const send = () => platform.answer(this.incoming, pageOf(view, nonce, page, this.say), shown)
    await deliver(send, { log, wait: backOff, signal: this.signals.stop })
    await this.finish([], nothingShown)
  }

  private async keepCard({ message }: Ended): Promise<void> {
    if (this.heard.card === null || message === null || this.showing.isPrivate()) return
    const { chats, platform } = this.place
    const { place: where, person } = this.incoming
    const place: CardPlace = person.language === undefined ? where : { ...where, language: person.language }
    const card = storable({ ...this.heard.card, nonce: this.update.nonce, place })
    await chats.keepCard(platform.name, card, LIVE_SECONDS)
  }
}
