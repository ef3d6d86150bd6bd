import { type REST, Routes } from 'discord.js'
import { discordMarkup } from './markup.ts'
import { messageBody } from './message-body.ts'
import type { Said } from './words.ts'

export interface Remark {
  readonly channel: string
  /** The message that it replies to. */
  readonly message: string
  /** Names the remark, so that two tries make one; at most 25 characters. */
  readonly nonce: string
  readonly said: Said
  readonly flags?: number
}

/** Says something under a message that is no answer of the desk. Throws what Discord answers. */
export const sendRemark = async (
  rest: REST,
  { channel, message, nonce, said, flags = 0 }: Remark,
): Promise<void> => {
  const view = { blocks: [said], buttons: [], private: false, final: true }
  const { body } = messageBody(view, discordMarkup, nonce, flags)
  const message_reference = { message_id: message, fail_if_not_exists: false }
  await rest.post(Routes.channelMessages(channel), {
    body: { ...body, nonce, enforce_nonce: true, message_reference },
  })
}
