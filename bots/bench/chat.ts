import type { Log } from '../../infra/log.ts'
import { type Chats, openChats } from '../../tools/chats.ts'
import type { Network } from '../../tools/context.ts'
import { type Desk, openDesk } from '../chat/desk.ts'
import type { Platform } from '../chat/platform.ts'
import type { Bot } from '../session.ts'

/** Something that the bot did: `key` names the chat, or the press or command that it acknowledged. */
export interface Happened {
  readonly key: string
  /** What the message shows; empty where only something was acknowledged. */
  readonly text: string
}

/** Somebody on a fake platform. */
export interface BenchPerson {
  /** Names the private chat in what happens. */
  readonly key: string
  say(line: string): void
  /** Presses a button under the bot's newest message that has it. */
  press(label: string): void
  /** Does something that the platform wants acknowledged apart from its answer; returns what names it. */
  interact(): string
  /** What the bot's messages show, oldest first. */
  heard(): string[]
}

/** The bot on a fake platform, both in this process. */
export interface BenchChat {
  readonly name: Platform['name']
  person(name: string): BenchPerson
  /** From now on hears all that the bot does. */
  listen(hear: (happened: Happened) => void): void
  /** Resolves when nothing waits for an answer. */
  idle(): Promise<void>
  close(): Promise<void>
}

/** What both platforms are opened over. */
export interface BenchParts {
  readonly network: Network
  readonly bot: Bot
  readonly log: Log
}

export interface DeskMaker {
  readonly chats: Chats
  openDesk(platform: Platform): Desk
  desk(): Desk | null
}

/** A desk as a node has it, but for the budgets: a handful of people send what hundreds would. */
export const deskMaker = ({ network, bot, log }: BenchParts): DeskMaker => {
  const chats = openChats(network)
  const budgets = { personMinute: 1e9, personDay: 1e9, communityDay: 1e9 }
  let opened: Desk | null = null
  return {
    chats,
    openDesk: platform => {
      opened = openDesk({ bot, chats, platform, log, budgets })
      return opened
    },
    desk: () => opened,
  }
}
