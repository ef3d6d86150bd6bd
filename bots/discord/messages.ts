import { type APIChannel, type APIMessage, type REST, Routes } from 'discord.js'
import type { Outcome, Shown } from '../chat/platform.ts'
import { Recent } from '../chat/recent.ts'
import { codeOf, codes, isGone } from './faults.ts'
import { type MessageBody, markOf } from './message-body.ts'
import { spotOf, spotText } from './spots.ts'

/** Private chats whose channel is remembered. */
const REMEMBERED = 5_000
/** Discord gives so many messages at once. */
const LOOK_THROUGH = 100

export interface Sending {
  /** The message that this one replies to. */
  readonly replyTo?: string | undefined
  /** A lost message stands after this id. */
  readonly after?: string | undefined
}

/** The bot's own messages in channels. */
export interface Messages {
  /** The private chat with a person. */
  directChannel(subject: string): Promise<string>
  /** Sends a message, or finds and replaces the one that an earlier try left. */
  send(channel: string, sent: MessageBody, shown: Shown, how?: Sending): Promise<Outcome>
  replace(channel: string, id: string, sent: MessageBody): Promise<void>
}

export const openMessages = (rest: REST, botId: () => string): Messages => {
  const direct = new Recent<string, string>(REMEMBERED)

  const find = async (channel: string, { nonce, others }: Shown, after?: string): Promise<string | null> => {
    const query = new URLSearchParams({
      limit: String(LOOK_THROUGH),
      ...(after === undefined ? {} : { after }),
    })
    const found = (await rest
      .get(Routes.channelMessages(channel), { query })
      // Where the bot may not read back, the nonce alone has to keep messages single.
      .catch((error: unknown) => {
        if (isGone(error)) return []
        throw error
      })) as APIMessage[]
    const mark = markOf(nonce)
    const taken = new Set(others.map(other => spotOf(other)?.id))
    const lost = found.find(
      ({ id, author, nonce: told, components }) =>
        author.id === botId() && !taken.has(id) && (told === nonce || components?.[0]?.id === mark),
    )
    return lost?.id ?? null
  }

  const replace: Messages['replace'] = async (channel, id, sent) => {
    await rest.patch(Routes.channelMessage(channel, id), sent)
  }

  const create = async (
    channel: string,
    sent: MessageBody,
    nonce: string,
    replyTo?: string,
  ): Promise<string> => {
    const reference =
      replyTo === undefined ? {} : { message_reference: { message_id: replyTo, fail_if_not_exists: false } }
    const body = { ...sent.body, ...reference, nonce, enforce_nonce: true }
    const message = (await rest.post(Routes.channelMessages(channel), {
      body,
      files: sent.files,
    })) as APIMessage
    return message.id
  }

  return {
    replace,
    async directChannel(subject) {
      const known = direct.get(subject)
      if (known !== undefined) return known
      const { id } = (await rest.post(Routes.userChannels(), {
        body: { recipient_id: subject },
      })) as APIChannel
      direct.set(subject, id)
      return id
    },
    async send(channel, sent, shown, { replyTo, after } = {}) {
      const lost = shown.fresh === true ? null : await find(channel, shown, after)
      if (lost !== null) {
        await replace(channel, lost, sent)
        return { kind: 'shown', message: spotText({ kind: 'posted', channel, id: lost }) }
      }
      const id = await create(channel, sent, shown.nonce, replyTo)
      return { kind: 'shown', message: spotText({ kind: 'posted', channel, id }) }
    },
  }
}

/** Whether the person takes no private messages of the bot. */
export const refusesPrivate = (error: unknown): boolean => codeOf(error) === codes.cannotSendToUser
