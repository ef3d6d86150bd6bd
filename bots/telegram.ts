import { setTimeout as after } from 'node:timers/promises'
import { autoRetry } from '@grammyjs/auto-retry'
import { Api } from 'grammy'
import type { Update, UserFromGetMe } from 'grammy/types'
import { isFault } from '../infra/errors.ts'
import type { Log } from '../infra/log.ts'
import type { Chats } from '../tools/chats.ts'
import type { Desk } from './chat/desk.ts'
import type { Finding } from './chat/finding.ts'
import { aborted, keepLeading } from './chat/leader.ts'
import { ownCommands } from './chat/own-commands.ts'
import type { Platform } from './chat/platform.ts'
import type { Bot } from './session.ts'
import { examine } from './telegram/doctor.ts'
import { openHearing } from './telegram/hearing.ts'
import { openMembers } from './telegram/members.ts'
import { menusOf, setMenus } from './telegram/menu.ts'
import { openMessages } from './telegram/messages.ts'
import { openNames } from './telegram/names.ts'
import { openPacer, type Pace, telegramPace } from './telegram/pace.ts'
import { telegramPlatform } from './telegram/platform.ts'
import { type Pause, poll, signalOf } from './telegram/polling.ts'
import { faultOfCall } from './telegram/refusal.ts'
import { openSeen } from './telegram/seen.ts'
import { wantedUpdates } from './telegram/update.ts'
import { type WebhookHandler, webhookHandler } from './telegram/webhook.ts'

export type { Finding } from './chat/finding.ts'

export interface TelegramParts {
  /** From @BotFather. */
  readonly token: string
  readonly bot: Bot
  readonly chats: Chats
  readonly log: Log
  /** Opens the desk each time this node takes the lead. */
  openDesk(platform: Platform): Desk
  /** Where the Bot API is; default Telegram's own. No slash at its end. */
  readonly apiRoot?: string
  /** Takes updates at an address instead of polling. `secret`: 1 to 256 of A-Z, a-z, 0-9, _ and -. */
  readonly webhook?: { readonly url: string; readonly secret: string }
  readonly pace?: Pace
  /** Waits between tries; tests wait for nothing. */
  readonly pause?: Pause
}

export interface Telegram {
  readonly platform: Platform
  /** For the address of `webhook`; absent where updates are polled. */
  readonly webhook?: WebhookHandler
  /** What works and what does not, for the operator. */
  doctor(): Promise<Finding[]>
  /** Ends after the answers under way. */
  close(): Promise<void>
}

/** Seconds that a call may take; a poll holds for 25. */
const CALL_SECONDS = 60

const pauseByTimer: Pause = (milliseconds, signal) =>
  after(milliseconds, undefined, { signal }).catch(() => {})

/**
 * Opens the bot on Telegram. Of all nodes with the same token one leads, by a lease: it takes updates, answers them, and keeps
 * the menus; the others wait. Returns at once where Telegram cannot be reached, and goes on trying.
 * Throws `telegram-token-refused`.
 */
export const openTelegram = async (parts: TelegramParts): Promise<Telegram> => {
  const { token, bot, chats, log, webhook, pause = pauseByTimer } = parts
  const apiRoot = parts.apiRoot ?? 'https://api.telegram.org'
  const closing = new AbortController()
  const seen = openSeen()
  const names = openNames()
  const pacer = openPacer(parts.pace ?? telegramPace, ms => pause(ms, closing.signal))
  // 429 is waited out three times; what else fails is for the callers, who know what a repetition would do.
  const retry = () =>
    autoRetry({
      maxRetryAttempts: 3,
      maxDelaySeconds: 60,
      rethrowInternalServerErrors: true,
      rethrowHttpErrors: true,
    })
  const open = (): Api => new Api(token, { apiRoot, timeoutSeconds: CALL_SECONDS })
  const api = open()
  api.config.use(pacer.transformer, retry())
  const probe = open()
  probe.config.use(retry())
  const messages = openMessages({ api, probe, pacer, seen })
  const commands = [...bot.commands, ...ownCommands]
  const menus = menusOf(bot.commands)

  let me: UserFromGetMe | null = null
  const readMe = async (): Promise<UserFromGetMe> => {
    me ??= await api.getMe(signalOf(closing.signal)).catch((error: unknown) => {
      throw faultOfCall('getMe', error)
    })
    return me
  }
  await readMe().catch((error: unknown) => {
    if (!isFault(error) || !error.retry) throw error
    log.warn('telegram.unreachable', { code: error.code, reason: error.facts.reason })
  })

  const platform = telegramPlatform({ api, messages, seen, chats, log, username: () => me?.username ?? '' })
  const members = openMembers(api, Date.now)
  const hear = openHearing({ api, apiRoot, chats, commands, members, messages, log, signal: closing.signal })
  let handle: ((update: Update) => Promise<void>) | null = null

  /** Both ways of taking updates exclude each other, so the one that an earlier configuration left is ended. */
  const setUp = async (): Promise<UserFromGetMe> => {
    const self = await readMe()
    try {
      if (webhook !== undefined)
        await api.setWebhook(webhook.url, { secret_token: webhook.secret, allowed_updates: wantedUpdates })
      else if ((await api.getWebhookInfo()).url !== '') await api.deleteWebhook()
      const lists = await setMenus(api, menus)
      if (lists > 0) log.info('telegram.menus-set', { lists })
      return self
    } catch (error) {
      throw faultOfCall('setting up', error)
    }
  }

  const work = async (signal: AbortSignal): Promise<void> => {
    const self = await setUp().catch((error: unknown) => {
      if (isFault(error))
        log.error('telegram.not-set-up', { code: error.code, reason: error.facts.reason, fix: error.fix })
      throw error
    })
    const desk = parts.openDesk(platform)
    const hearing = (update: Update) => hear(update, desk, { me: self, commands, seen, names, now: Date.now })
    desk.start()
    log.info('telegram.leading', { bot: self.id, webhook: webhook !== undefined })
    try {
      handle = hearing
      if (webhook === undefined) await poll({ api, log, pause, handle: hearing }, signal)
      else await aborted(signal)
    } finally {
      handle = null
      await desk.stop()
    }
  }

  const endLeading = keepLeading({ chats, platform: 'telegram', token, log, work, wait: pause })

  return {
    platform,
    ...(webhook === undefined
      ? {}
      : { webhook: webhookHandler({ secret: webhook.secret, log, handle: () => handle }) }),
    doctor: async () =>
      examine({
        api,
        apiRoot,
        menus,
        webhook: webhook?.url,
        communities: (await chats.communities('telegram')).map(({ community }) => community),
        now: Date.now,
      }),
    close: async () => {
      closing.abort()
      await endLeading()
    },
  }
}
