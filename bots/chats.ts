import { setTimeout as after } from 'node:timers/promises'
import { isFault } from '../infra/errors.ts'
import { openChats } from '../tools/chats.ts'
import type { Network } from '../tools/context.ts'
import { openDesk } from './chat/desk.ts'
import type { Finding } from './chat/finding.ts'
import { aborted, keepLeading } from './chat/leader.ts'
import type { Platform } from './chat/platform.ts'
import { takeBack } from './chat/take-back.ts'
import { openDiscord } from './discord.ts'
import type { Bot } from './session.ts'
import { openTelegram } from './telegram.ts'

/** The chat platforms that a node talks on; a platform without a token is left out. */
export interface ChatSettings {
  readonly discordToken: string | undefined
  readonly telegramToken: string | undefined
}

export interface RunningChats {
  /** Names of the platforms that have a token. */
  readonly platforms: readonly Platform['name'][]
  /** Looks at what each platform needs; a platform that another node leads is told as that. */
  doctor(): Promise<{ platform: Platform['name']; findings: readonly Finding[] }[]>
  /** Ends after the answers under way. */
  close(): Promise<void>
}

/** Starts Discord and Telegram where their tokens are set. Throws `discord-token-refused` and `telegram-token-refused`. */
export const startChats = async (
  network: Network,
  bot: Bot,
  { discordToken, telegramToken }: ChatSettings,
): Promise<RunningChats> => {
  const chats = openChats(network)
  const { log } = network
  const desk = (platform: Platform) => openDesk({ bot, chats, platform, log })
  const closers: (() => Promise<unknown>)[] = []
  const doctors: { platform: Platform['name']; look: () => Promise<readonly Finding[]> }[] = []
  if (discordToken !== undefined) {
    let open: Awaited<ReturnType<typeof openDiscord>> | null = null
    let refused: ((error: unknown) => void) | undefined
    let connected: (() => void) | undefined
    // The first try tells whether the token is any good; a Discord that is away is tried again for as long as it takes.
    const first = new Promise<void>((resolve, reject) => {
      connected = resolve
      refused = reject
    })
    const end = keepLeading({
      chats,
      platform: 'discord',
      token: discordToken,
      log,
      async work(signal) {
        open = await openDiscord({
          token: discordToken,
          bot,
          chats,
          log,
          openDesk: desk,
          takeBack: contributed => takeBack({ chats, platform: 'discord', log, signal }, contributed),
        }).catch(error => {
          if (isFault(error, 'discord-token-refused')) refused?.(error)
          else connected?.()
          throw error
        })
        connected?.()
        await aborted(signal)
        await open.close()
        open = null
      },
    })
    closers.push(end)
    doctors.push({
      platform: 'discord',
      look: async () => (await open?.doctor()) ?? [notLeading('Discord')],
    })
    // Another node may lead: then nothing is known of the token, and nothing has to be.
    await Promise.race([first, after(10_000, undefined, { ref: false })]).catch(async error => {
      await end()
      throw error
    })
  }
  if (telegramToken !== undefined) {
    const telegram = await openTelegram({ token: telegramToken, bot, chats, log, openDesk: desk })
    closers.push(() => telegram.close())
    doctors.push({ platform: 'telegram', look: () => telegram.doctor() })
  }
  return {
    platforms: doctors.map(({ platform }) => platform),
    doctor: () =>
      Promise.all(doctors.map(async ({ platform, look }) => ({ platform, findings: await look() }))),
    close: async () => {
      await Promise.all(closers.map(close => close()))
    },
  }
}

const notLeading = (platform: string): Finding => ({
  ok: false,
  what: `This node is not connected to ${platform}: another one leads, or it cannot be reached.`,
  fix: 'Run doctor where the leading node runs, or look at the log for discord-unreachable.',
})
