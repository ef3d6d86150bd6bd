import { Recent } from '../chat/recent.ts'
import type { MessageId } from './ids.ts'

/** Messages that this process knows of, so that a search for a lost one does not touch them. */
export interface Seen {
  note(id: MessageId): void
  has(id: MessageId): boolean
  /** The newest number where the chat's messages are counted; 0 where none is known. */
  newest(chat: number): number
}

const MOST_IDS = 5000
const MOST_COUNTERS = 1000

// Supergroups number their messages themselves; private chats and small groups share one row of numbers for the whole bot.
const counterOf = (chat: number): string => (chat <= -1_000_000_000_000 ? String(chat) : 'shared')

export const openSeen = (): Seen => {
  const counters = new Recent<string, { ids: Recent<number, true>; newest: number }>(MOST_COUNTERS)
  return {
    note: ({ chat, message }) => {
      const name = counterOf(chat)
      const counter = counters.get(name) ?? { ids: new Recent<number, true>(MOST_IDS), newest: 0 }
      counters.set(name, counter)
      counter.ids.set(message, true)
      counter.newest = Math.max(counter.newest, message)
    },
    has: ({ chat, message }) => counters.get(counterOf(chat))?.ids.has(message) ?? false,
    newest: chat => counters.get(counterOf(chat))?.newest ?? 0,
  }
}
