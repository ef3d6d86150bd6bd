import { fault } from '../../infra/errors.ts'
import type { Log } from '../../infra/log.ts'
import type { Begun, Chats, WaitingUpdate } from '../../tools/chats.ts'
import type { Caller } from '../../tools/context.ts'
import type { Command } from '../commands.ts'
import { converse, faultsOf } from '../conversation.ts'
import { text } from '../reply.ts'
import type { Bot, Session, Surroundings } from '../session.ts'
import { openAccount } from './accounts.ts'
import { type Budgets, judge } from './budgets.ts'
import { cardOf, LIVE_SECONDS } from './cards.ts'
import { deliver, Stopped, type Wait } from './deliver.ts'
import { ownCommandsFor } from './own-commands.ts'
import type { Incoming, Platform } from './platform.ts'
import { type Press, readPress } from './presses.ts'
import { publicCommands } from './public-commands.ts'
import { chatSentences, sessionFrom, sessionJson } from './session-json.ts'
import { type CommunitySettings, readSettings } from './settings.ts'
import { type Ended, Showing } from './showing.ts'
import { pageOf } from './view.ts'

/** What every answer of one desk needs. */
export interface Workplace {
  readonly bot: Bot
  readonly chats: Chats
  readonly platform: Platform
  readonly log: Log
  readonly budgets: Budgets
  readonly wait: Wait
  readDocument(name: string, bytes: Uint8Array): Promise<string>
}

/** Commands that the roles of a community are asked for. */
const roleCommands: ReadonlySet<string> = new Set(['propose', 'vote'])

/** A process that died this often over one update dies of it: it is answered with an incident instead. */
const MOST_ATTEMPTS = 5

const nothingShown: Ended = { message: null, state: null, view: null }

/** `stop`: wait for nothing any more; `interrupt`: leave at once what is under way. */
export interface Signals {
  readonly stop: AbortSignal
  readonly interrupt: AbortSignal
}

/** What an answer came to: whose account it was, for the news that wait for it. */
export interface Answered {
  readonly accountId: string | null
}

/**
 * Answers one update and ends it: its conversation and its message are kept in the same moment in which it counts as done.
 * Run again after a crash, it makes the same calls under the same keys and replaces the message. Throws `Stopped`,
 * `update-overtaken` and faults of the database.
 */
export const answerUpdate = async (
  place: Workplace,
  update: WaitingUpdate,
  signals: Signals,
): Promise<Answered> => {
  const { chats } = place
  const incoming = update.payload as Incoming
  const begun = await chats.begin(update, incoming.place.community)
  if (begun === null) return { accountId: null }
  const leave = async (): Promise<Answered> => {
    await chats.finish(update, { session: null, ...nothingShown })
    return { accountId: null }
  }
  if (begun.muted || !deservesAnswer(incoming, begun.session)) return leave()
  const judged = await judgeOnce(place, update, incoming, begun)
  if (judged.verdict === 'silenced') return leave()
  return new Turn(place, update, incoming, begun, signals).answer(judged.seconds)
}

const deservesAnswer = ({ act, place }: Incoming, kept: unknown): boolean => {
  const pending = (kept as { pending?: { kind: string } | null } | null)?.pending?.kind
  const isCommand = 'line' in act && act.line.trim().startsWith('/')
  // What is said to others can answer a question of ours, but never confirm anything.
  if (act.kind === 'line') return act.addressed || (pending === 'dialogue' && !isCommand)
  if (act.kind === 'file') return place.community === null || isCommand || pending === 'dialogue'
  return true
}

const judgeOnce = async (
  { chats, budgets }: Workplace,
  update: WaitingUpdate,
  incoming: Incoming,
  begun: Begun,
): Promise<{ verdict: Begun['verdict']; seconds: number }> => {
  if (begun.attempts > 1)
    return { verdict: begun.verdict ?? 'admitted', seconds: begun.verdict === 'warned' ? 60 : 0 }
  const judged = await judge(chats, incoming, budgets)
  if (judged.verdict !== 'admitted') await chats.judge(update, judged.verdict)
  return judged
}

class Turn {
  private readonly place: Workplace
  private readonly update: WaitingUpdate
  private readonly incoming: Incoming
  private readonly begun: Begun
  private readonly signals: Signals
  private readonly settings: CommunitySettings | null
  private readonly say: ReturnType<typeof chatSentences>
  private readonly showing: Showing
  private session: Session | null = null
  private command: Command | null = null
  private hushed = false
  private erased = false
  private card: ReturnType<typeof cardOf> = null

  constructor(place: Workplace, update: WaitingUpdate, incoming: Incoming, begun: Begun, signals: Signals) {
    this.place = place
    this.update = update
    this.incoming = incoming
    this.begun = begun
    this.signals = signals
    this.settings = readSettings(begun.community)
    const languages = [this.settings?.language ?? undefined, incoming.person.language]
    this.say = chatSentences(languages, incoming.place.community !== null)
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
      await this.finish(null, await this.showing.end())
      return { accountId: this.begun.accountId }
    }
    const accountId = await this.join()
    const caller: Caller = {
      role: accountId === null ? 'anyone' : 'member',
      accountId,
      surface: this.incoming.place.platform,
    }
    const commands = [
      ...bot.commands,
      ...ownCommandsFor({ chats, incoming: this.incoming, say: this.say, now: bot.network.clock.now() }),
    ]
    const full: Bot = { ...bot, commands }
    const person = { caller, name: this.incoming.person.name, say: this.say }
    const session = sessionFrom(this.begun.session, full, person)
    this.session = session
    const press = await readPress(chats, this.incoming, this.say)
    if (accountId === null && bot.verb('join') !== undefined)
      await this.finish(null, await this.showing.end())
    else if (this.begun.attempts > MOST_ATTEMPTS) await this.giveUp(full, session)
    else if (press?.kind === 'page') await this.turnPage(press)
    else {
      await this.act(full, session, press)
      if (this.signals.interrupt.aborted) throw new Stopped()
      const ended = await this.showing.end()
      await this.finish(this.erased ? null : sessionJson(session), ended)
      await this.keepCard(ended)
    }
    return { accountId }
  }

  private isShared(): boolean {
    return (
      this.incoming.place.community !== null &&
      ['status', 'models', 'run', 'help'].includes(this.command?.name ?? '')
    )
  }

  private isPrivate(): boolean {
    if (this.incoming.place.community === null) return false
    if (this.hushed) return true
    return this.command !== null && !publicCommands.has(this.command.name)
  }

  /** Says why nothing is done, to the person alone. */
  private refuse(words: string): void {
    this.hushed = true
    this.showing.say(text(words, 'quiet'))
  }

  private finish(session: unknown, ended: Ended): Promise<void> {
    return this.place.chats.finish(this.update, { session, ...ended })
  }

  private async giveUp(bot: Bot, session: Session): Promise<void> {
    this.hushed = true
    for (const reply of faultsOf(bot, session, new Error(`update ${this.update.seq} was given up`)))
      this.showing.say(reply)
    await this.finish(null, await this.showing.end())
  }

  /** The account of the person; null, with the reason said, where none can be opened. */
  private async join(): Promise<string | null> {
    const known = this.begun.accountId
    if (known !== null) return known
    const { accountId, replies } = await openAccount(this.place.bot, this.incoming, this.key, this.say)
    if (accountId === null) this.hushed = true
    for (const reply of replies) this.showing.say(reply)
    return accountId
  }

  private get key(): string {
    return `${this.place.platform.name}/${this.update.key}`
  }

  private async act(
    bot: Bot,
    session: Session,
    press: Exclude<Press, { kind: 'page' }> | null,
  ): Promise<void> {
    const { act, person } = this.incoming
    const { chats, platform } = this.place
    const say = this.showing.say
    switch (act.kind) {
      case 'line':
        return converse(bot, session, act.line, say, this.surroundings())
      case 'command':
        return converse(bot, session, { name: act.name, words: act.words }, say, this.surroundings())
      case 'file':
        await chats.ownFile(platform.name, person.subject, act.name, act.sha256)
        return converse(bot, session, act.line, say, { ...this.surroundings(), attached: `@${act.name}` })
      case 'button': {
        if (press?.kind !== 'line') return this.refuse(press?.words ?? this.say.chatting.expiredButton)
        const { pending } = session
        await converse(bot, session, press.line, say, {
          ...this.surroundings(),
          ...(press.pending === undefined ? {} : { pending: press.pending }),
        })
        // A look at something else in between does not end a guided command.
        const looked = this.command === null || this.command.effect === 'read'
        if (looked && press.pending === undefined && pending?.kind === 'dialogue') session.pending ??= pending
      }
    }
  }

  /** Replaces the message under which a page button was pressed. */
  private async turnPage({ message, nonce, view, page }: Press & { kind: 'page' }): Promise<void> {
    const { platform } = this.place
    const shown = { message, others: [], nonce }
    const send = () => platform.answer(this.incoming, pageOf(view, nonce, page, this.say), shown)
    await deliver(send, { ...this.place, signal: this.signals.stop })
    await this.finish(null, nothingShown)
  }

  private async keepCard({ message }: Ended): Promise<void> {
    if (this.card === null || message === null || this.isPrivate()) return
    const { chats, platform } = this.place
    const card = { ...this.card, nonce: this.update.nonce, place: this.incoming.place }
    await chats.keepCard(platform.name, card, LIVE_SECONDS)
  }

  private surroundings(): Surroundings {
    const { incoming, place } = this
    return {
      signal: this.signals.interrupt,
      key: this.key,
      buttons: true,
      discreet: incoming.place.community !== null,
      readFile: async path => {
        const bytes = await place.chats.file(place.platform.name, incoming.person.subject, path)
        if (bytes === null)
          throw fault('file-unknown', 'You sent no file of that name.', { fix: 'Send it first.' })
        return place.readDocument(path, bytes)
      },
      onCommand: command => {
        this.command = command
        const roles = this.settings?.roles ?? []
        const { person } = incoming
        if (!roleCommands.has(command.name) || roles.length === 0 || person.admin) return
        if (!person.roles.some(role => roles.includes(role)))
          throw fault('role-needed', this.say.chatting.roleNeeded, { fix: '' })
      },
      onFault: () => {
        this.hushed = true
      },
      onResult: (command, input, output) => {
        this.card = cardOf(command.name, input, output)
        // What was erased is not written back.
        this.erased ||= command.name === 'erase'
      },
    }
  }
}
