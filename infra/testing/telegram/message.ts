import type { InlineKeyboardButton, Message, MessageEntity } from '@grammyjs/types'

/** A file that somebody sent; `bytes` is empty where only its size was told. */
export interface StoredFile {
  readonly id: string
  readonly uniqueId: string
  readonly name: string
  /** Bytes. */
  readonly size: number
  readonly bytes: Buffer
  readonly path: string
}

/** A message of a chat, as it stands now: it changes when it is edited, pressed or deleted. */
export class FakeMessage {
  /** What the Bot API says of it. */
  message: Message
  deleted = false
  edited = false
  /** Keys that replace the person's letters, by row. */
  letters: string[][] | undefined
  file: StoredFile | undefined
  /** Emoji of the bot's and people's reactions, by user id. */
  readonly reactions = new Map<number, string[]>()

  constructor(message: Message) {
    this.message = message
  }

  get id(): number {
    return this.message.message_id
  }

  get chat(): number {
    return this.message.chat.id
  }

  /** Id of the forum topic; undefined outside of one. */
  get thread(): number | undefined {
    return this.message.message_thread_id
  }

  /** First name of who sent it. */
  get from(): string {
    return this.message.from?.first_name ?? ''
  }

  get fromBot(): boolean {
    return this.message.from?.is_bot === true
  }

  /** The text, or the caption of a file, as people see it. */
  get text(): string {
    return this.message.text ?? this.message.caption ?? ''
  }

  /** Offsets and lengths in UTF-16 code units. */
  get entities(): readonly MessageEntity[] {
    return this.message.entities ?? this.message.caption_entities ?? []
  }

  /** The pieces of the text that are of a kind: `parts('bold')`. */
  parts(type: MessageEntity['type']): string[] {
    return this.entities
      .filter(entity => entity.type === type)
      .map(entity => this.text.slice(entity.offset, entity.offset + entity.length))
  }

  /** Labels of the buttons under it, by row. */
  get buttons(): string[][] {
    return this.rows.map(row => row.map(button => button.text))
  }

  get rows(): InlineKeyboardButton[][] {
    return this.message.reply_markup?.inline_keyboard ?? []
  }
}
