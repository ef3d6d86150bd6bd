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
  const counters = new Map<string, { ids: Set<number>; newest: number }>()
  return {
    note: ({ chat, message }) => {
      const name = counterOf(chat)
      const counter = counters.get(name) ?? { ids: new Set<number>(), newest: 0 }
      // Put behind the others: the ones not used for longest are forgotten first.
      counters.delete(name)
      counters.set(name, counter)
      counter.ids.add(message)
      counter.newest = Math.max(counter.newest, message)
      for (const id of counter.ids) {
        if (counter.ids.size <= MOST_IDS) break
        counter.ids.delete(id)
      }
      for (const other of counters.keys()) {
        if (counters.size <= MOST_COUNTERS) break
        counters.delete(other)
      }
    },
    has: ({ chat, message }) => counters.get(counterOf(chat))?.ids.has(message) ?? false,
    newest: chat => counters.get(counterOf(chat))?.newest ?? 0,
  }
}
