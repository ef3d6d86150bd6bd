import { onTestFinished } from 'vitest'
import type { Database } from '../../../infra/db.ts'
import { type Log, silentLog } from '../../../infra/log.ts'
import { type FakeTelegram, openFakeTelegram } from '../../../infra/testing/telegram/fake-telegram.ts'
import { type Chats, openChats } from '../../../tools/chats.ts'
import { type Desk, type DeskOptions, openDesk } from '../../chat/desk.ts'
import { openBot } from '../../session.ts'
import { openTelegram, type Telegram, type TelegramParts } from '../../telegram.ts'
import { networkOn } from '../../testing/paper-desk.ts'
import { openStory, type Story } from '../../testing/story.ts'
import type { Pause } from '../polling.ts'

/** A node's bot on a fake Telegram, with a story's verbs. */
export interface TestBot {
  readonly fake: FakeTelegram
  readonly telegram: Telegram
  readonly story: Story
  readonly chats: Chats
  /** The desk that answers now. */
  desk(): Desk
  /** Waits until all that people did is answered. */
  answered(): Promise<void>
  close(): Promise<void>
}

export interface TestBotOptions extends Partial<TelegramParts> {
  readonly fake?: FakeTelegram
  readonly story?: Story
  readonly desk?: Partial<DeskOptions>
  /** Another bot leads: this one does not wait until it does. */
  readonly standsBy?: boolean
  /** Stands in for some of the functions on the database. */
  readonly with?: Partial<Chats>
}

/** Waits for nothing, but lets others work in between. */
export const noPause: Pause = () => new Promise(resolve => setImmediate(resolve))

const unlimited = { perSecond: 1e6, chatBurst: 1e6, groupPerMinute: 1e6 }

/** Opens a bot on a fake Telegram; without limits of pace, which have tests of their own. */
export const openTestBot = async (db: Database, options: TestBotOptions = {}): Promise<TestBot> => {
  const { story = openStory(), desk: deskOptions = {}, with: instead = {}, standsBy: _, ...parts } = options
  const fake = options.fake ?? (await openFakeTelegram())
  const network = networkOn(db, story)
  const chats: Chats = { ...openChats(network), ...instead }
  const bot = openBot(network, story.verbs)
  const log: Log = parts.log ?? silentLog
  let desk: Desk | null = null
  let lead: () => void = () => {}
  const leading = new Promise<void>(resolve => {
    lead = resolve
  })
  const telegram = await openTelegram({
    token: fake.token,
    apiRoot: fake.url,
    bot,
    chats,
    log,
    pace: unlimited,
    pause: noPause,
    openDesk: platform => {
      desk = openDesk({ bot, chats, platform, log, wait: async () => {}, lookSeconds: 0, ...deskOptions })
      lead()
      return desk
    },
    ...parts,
  })
  let closed: Promise<void> | null = null
  const close = async (): Promise<void> => {
    await telegram.close()
    if (options.fake === undefined) await fake.close()
  }
  const closeOnce = (): Promise<void> => {
    closed ??= close()
    return closed
  }
  // A bot that a failed test leaves open would keep the database from closing.
  onTestFinished(closeOnce)
  if (options.standsBy !== true) await leading
  return {
    fake,
    telegram,
    story,
    chats,
    desk: () => desk as unknown as Desk,
    answered: async () => {
      await fake.settled({ idle: 20 })
      await desk?.idle()
      await fake.settled({ idle: 20 })
    },
    close: closeOnce,
  }
}

/** A text as people read it, without the invisible characters that keep things from being live. */
export const readable = (text: string): string => text.replaceAll('\u2060', '')

/** Forgets all chats, for a fake that counts its updates and people from the beginning again. */
export const forgetChats = async (db: Database): Promise<void> => {
  await db.query(
    'truncate chat_updates, chat_sessions, chat_shown, chat_buttons, chat_communities, chat_muted, chat_quiet, chat_budgets, chat_files, chat_cards',
  )
}
