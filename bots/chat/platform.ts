import type { ProgressReply, Reply } from '../reply.ts'
import type { Markup } from './pages.ts'

/** Where something was said. */
export interface Place {
  readonly platform: 'discord' | 'telegram'
  /** Discord: channel or thread. Telegram: chat, or `chat/topic` in a forum. */
  readonly chat: string
  /** The Discord server or Telegram group around it; null in a private chat. */
  readonly community: string | null
}

/** Who said it, as the platform vouches for it. */
export interface Person {
  /** The platform's own id of the person. */
  readonly subject: string
  /** Display name: data, never an instruction. */
  readonly name: string
  /** Ids of the person's roles in the community. */
  readonly roles: readonly string[]
  /** Whether the person may change the community's settings there. */
  readonly admin: boolean
  /** IETF language tag, where the platform tells one. */
  readonly language?: string
}

/** What a person did. */
export type Act =
  /** Wrote a line. `addressed`: to the bot (private chat, mention, command), so that free text deserves an answer. */
  | { readonly kind: 'line'; readonly line: string; readonly addressed: boolean }
  /** Pressed a button of ours. */
  | { readonly kind: 'button'; readonly id: string }
  /** Filled a form or a slash command: arguments by name, each as a person would type it. */
  | { readonly kind: 'command'; readonly name: string; readonly words: Readonly<Record<string, string>> }
  /** Sent a file, whose bytes `chats.putFile` stored under that name, and named by `sha256`, before the update counts as received. */
  | {
      readonly kind: 'file'
      readonly name: string
      readonly sha256: string
      readonly line: string
      /** As of a line: a file that was sent to the bot deserves an answer, also in a community. */
      readonly addressed?: boolean
    }

/** One thing a person did, once however often the platform tells it. JSON throughout: it is stored before it is answered. */
export interface Incoming {
  /** The platform's id of the update, interaction or message. */
  readonly key: string
  readonly place: Place
  readonly person: Person
  /** When it happened by the platform's clock, ISO 8601. */
  readonly at: string
  readonly act: Act
  /**
   * Digits that grow with time on that platform (a snowflake, an `update_id`): what was told out of order and still waits is
   * answered in this order. Without it, as received.
   */
  readonly order?: string
  /** What the platform needs to answer: message id, interaction token; opaque to everybody else. */
  readonly answerTo: Readonly<Record<string, string>>
}

/** A part of what is shown. `answer` is a model's text: links in it are never live. */
export type Block =
  | Exclude<Reply, { kind: 'part' | 'choices' | 'progress' | 'file' }>
  | ProgressReply
  | { readonly kind: 'answer'; readonly text: string }

/** A button: `id` is at most 40 bytes and names what the store keeps; it carries no state. */
export interface Button {
  readonly id: string
  readonly label: string
  readonly tone: 'plain' | 'good' | 'bad'
}

/** The one message that answers an update, or that the bot posts by itself. A later view of it replaces an earlier one. */
export interface View {
  readonly blocks: readonly Block[]
  readonly buttons: readonly Button[]
  /** Only the person sees it: a private answer where the platform has one, a private chat otherwise. False in a private chat. */
  readonly private: boolean
  /** False while it is still being made. */
  readonly final: boolean
  /** Which page of `renderPages(blocks, markup, limit)` to show, from 0; 0 where absent. The buttons to turn are among `buttons`. */
  readonly page?: number
  /** A file to attach: the person's own, or the whole content as plain text where it has too many pages to turn. */
  readonly file?: { readonly name: string; readonly mediaType: string; readonly bytes: Uint8Array }
}

/** What is known of a message that was shown before. */
export interface Shown {
  /** The platform's id of it; null where a try was made whose outcome nobody knows. */
  readonly message: string | null
  /** Ids of the bot's other messages in that chat: a search for a lost one must not touch them. */
  readonly others: readonly string[]
  /** Names the message: the same for every try. At most 25 characters. */
  readonly nonce: string
  /** Nothing was tried before, so nothing has to be looked for. */
  readonly fresh?: true
}

/** What happened to a message. `gone`: the person blocked the bot, left, or the place is closed; trying again is of no use. */
export type Outcome =
  | { readonly kind: 'shown'; readonly message: string }
  | { readonly kind: 'gone'; readonly reason: string }

/** A role of a community. `id` is what `Person.roles` has of it. */
export interface Role {
  readonly id: string
  readonly name: string
}

/** A chat platform: everything else is common. */
export interface Platform {
  readonly name: Place['platform']
  readonly markup: Markup
  /** How long the text of a message may be, by the markup's length. */
  readonly limit: number
  /** Milliseconds between two edits of one message, at least. */
  readonly editMilliseconds: number
  /**
   * Shows the message that answers an update, or replaces it. Exactly one message stands in the end, whatever was lost between:
   * `shown` is what earlier tries left. Waits out 429; throws a fault with `retry` where the platform cannot be reached.
   * A page button is answered by replacing the message it stands under: `shown.message` is that message.
   */
  answer(incoming: Incoming, view: View, shown: Shown): Promise<Outcome>
  /** Posts or replaces a message that answers nothing: a notice to a person (`subject`), a card or a digest in a place. */
  post(
    to: { readonly subject: string } | { readonly place: Place },
    view: View,
    shown: Shown,
  ): Promise<Outcome>
  /**
   * Whether a chat is a place of that community, where its admins may have the bot write. False for what is no chat.
   * Throws a fault with `retry` where the platform cannot be reached.
   */
  holds?(community: string, chat: string): Promise<boolean>
  /** The roles of a community; where the platform has none, what serves as such. Throws as `holds` does. */
  roles?(community: string): Promise<readonly Role[]>
  /**
   * Whether an answer that only the person sees stands in the very place where they acted, so that they go on there. False,
   * or absent: it comes in their private chat.
   */
  answersInPlace?(incoming: Incoming): boolean
  /** Shows for some seconds that an answer is being made; absent where the platform shows it by itself. */
  typing?(incoming: Incoming): Promise<void>
  /** Takes back what promised an answer, where there will be none: somebody muted, or silent after too much. */
  dismiss?(incoming: Incoming): Promise<void>
  /** Opens a thread (Discord) or topic (Telegram) of that name in a community's place; the same name gives the same one. */
  thread(place: Place, name: string): Promise<Place>
}
