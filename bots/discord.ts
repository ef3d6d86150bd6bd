import { setTimeout as after } from 'node:timers/promises'
import type { Log } from '../infra/log.ts'
import type { Chats, ContributedMessage } from '../tools/chats.ts'
import { admitsFile, defaultBudgets } from './chat/budgets.ts'
import type { Desk } from './chat/desk.ts'
import type { Finding } from './chat/finding.ts'
import { ownCommands } from './chat/own-commands.ts'
import type { Incoming, Platform } from './chat/platform.ts'
import { chatSentences } from './chat/session-json.ts'
import { openAcknowledgements } from './discord/acknowledgements.ts'
import { openContributedMessages } from './discord/contributed-messages.ts'
import { openKnownNames } from './discord/directory.ts'
import { openDismissals } from './discord/dismissals.ts'
import { examine } from './discord/doctor.ts'
import { codeOf, discordFault } from './discord/faults.ts'
import { listen, login, openClient, openTokenRequests } from './discord/gateway.ts'
import { openHeardMessages } from './discord/heard-messages.ts'
import { openInteractions } from './discord/interactions.ts'
import { openKeptForms } from './discord/kept-forms.ts'
import { mayManage } from './discord/member.ts'
import { openMessages } from './discord/messages.ts'
import { openPlatform } from './discord/platform.ts'
import { registerCommands } from './discord/registration.ts'
import { sendRemark } from './discord/remarks.ts'
import { slashCommands } from './discord/slash-commands.ts'
import type { Bot } from './session.ts'

export type { Finding } from './chat/finding.ts'

export interface DiscordParts {
  readonly token: string
  readonly bot: Bot
  readonly chats: Pick<
    Chats,
    | 'putFile'
    | 'spend'
    | 'spent'
    | 'isMuted'
    | 'keepButtons'
    | 'button'
    | 'communities'
    | 'keepContributed'
    | 'contributedOf'
  >
  readonly log: Log
  /** Makes the desk that answers on this platform; it is started once the bot is connected. */
  openDesk(platform: Platform): Desk
  /** Takes back what was contributed of a message that was deleted. Without it, that is only logged. */
  takeBack?(contributed: ContributedMessage): Promise<void>
  /** Address of the REST API; Discord's own without it. */
  readonly api?: string
  /** Requests a second in all; Discord gives a bot 50, more only by arrangement. */
  readonly requestsPerSecond?: number
  /** Milliseconds; the machine's clock without it. */
  now?(): number
}

/** The bot on Discord. */
export interface Discord {
  readonly platform: Platform
  readonly desk: Desk
  /** Looks at what the bot needs there and says what to mend. Never throws. */
  doctor(): Promise<Finding[]>
  /** Stops answering, then leaves. What was told and not answered waits for the next start. */
  close(): Promise<void>
}

/** Commands that open a form where something is left out. */
const withForm: ReadonlySet<string> = new Set(['propose', 'contribute'])

/**
 * Connects the bot: hears what people do, hands it to the desk, shows what the desk answers. One process at a time with
 * one token: hold the lease of `Chats.lead` around it. Throws `discord-token-refused` (the operator's) and
 * `discord-unreachable` (retry).
 */
export const openDiscord = async (parts: DiscordParts): Promise<Discord> => {
  const { bot, chats, now = Date.now } = parts
  const log = parts.log.with({ surface: 'discord' })
  const client = openClient(log, parts.api, parts.requestsPerSecond ?? 50)
  const { rest } = client
  const tokens = openTokenRequests(parts.api)
  const ids = { applicationId: () => client.application?.id ?? '', botId: () => client.user?.id ?? '' }
  const acknowledgements = openAcknowledgements(tokens, log, now)
  const messages = openMessages(rest, ids.botId)
  const dismiss = openDismissals({ tokens, acknowledgements, log, ...ids })
  const platform = openPlatform({ rest, tokens, acknowledgements, messages, dismiss, ...ids })
  const desk = parts.openDesk(platform)
  const names = openKnownNames(bot, log, now)
  const contributed = openContributedMessages({
    rest,
    log,
    store: chats,
    takeBack:
      parts.takeBack ??
      (async ({ update }) => log.warn('discord.deleted-not-taken-back', { interaction: update })),
  })
  const common = {
    receive: (incoming: Incoming) => desk.receive(incoming),
    admitsFile: (by: Pick<Incoming, 'place' | 'person'>) => admitsFile(chats, by, defaultBudgets),
    keepFile: (bytes: Uint8Array, by: { subject: string; name: string }) =>
      chats.putFile(bytes, { platform: 'discord', ...by }),
    log,
  }
  const commands = [...bot.commands, ...ownCommands]
  const interaction = openInteractions({
    ...common,
    ...ids,
    tokens,
    acknowledgements,
    dismiss,
    names,
    contributed,
    withForm,
    commands,
    forms: openKeptForms(chats, log),
    say: language => chatSentences([language], false),
  })
  const closing = new AbortController()
  const message = openHeardMessages({
    ...common,
    ...ids,
    now,
    wait: milliseconds =>
      after(milliseconds, undefined, { signal: closing.signal, ref: false }).catch(() => {}),
    remark: ({ channel, message: to, key }, said) =>
      sendRemark(rest, { channel, message: to, nonce: `no/${key}`.slice(0, 25), said }).catch(error =>
        log.warn('discord.not-told', { message: key, code: codeOf(error) }),
      ),
    manages: (guild, subject, roles) => mayManage(client, guild, subject, roles),
  })
  const deleted = async (messages: readonly string[]): Promise<void> => {
    for (const id of messages) await contributed.deleted(id)
  }
  const stopListening = listen(client, { interaction, message, deleted }, log)

  const registered = slashCommands(bot.commands, withForm)
  try {
    await names.refresh()
    await login(client, parts.token)
    const changed = await registerCommands(rest, ids.applicationId(), registered)
    log.info('discord.connected', { servers: client.guilds.cache.size, commands: registered.length, changed })
  } catch (error) {
    await client.destroy()
    tokens.clearHandlerSweeper()
    tokens.clearHashSweeper()
    throw discordFault(error)
  }
  desk.start()
  return {
    platform,
    desk,
    doctor: () => examine({ client, commands: registered, chats, now }),
    async close() {
      // What is told until the connection ends is kept for the next start: Discord does not tell it again.
      closing.abort()
      await desk.stop()
      stopListening()
      await client.destroy()
      tokens.clearHandlerSweeper()
      tokens.clearHashSweeper()
    },
  }
}
