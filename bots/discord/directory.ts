import type { Log } from '../../infra/log.ts'
import { type Bot, type Directory, openSession, readDirectory } from '../session.ts'
import { loggable } from './faults.ts'

/** Milliseconds after which the names that can be typed are read again, by whoever types next. */
const FRESH_MS = 5_000

/** The names that can be typed, always at hand: what proposes values while a person types may not wait for a database. */
export interface KnownNames {
  /** What was read last; begins to read anew where that is old. */
  now(): Directory
  /** Reads anew. Never throws: without an answer the names stay as they are. */
  refresh(): Promise<void>
}

export const openKnownNames = (bot: Bot, log: Log, now: () => number): KnownNames => {
  let known: Directory = { proposals: [], models: [], gathering: [] }
  let readAt = Number.NEGATIVE_INFINITY
  let reading: Promise<void> | null = null
  const read = async (): Promise<void> => {
    try {
      known = await readDirectory(
        bot,
        openSession({ role: 'anyone', accountId: null, surface: 'discord' }, ''),
      )
      readAt = now()
    } catch (error) {
      log.warn('discord.names-unread', loggable(error))
    } finally {
      reading = null
    }
  }
  const refresh = (): Promise<void> => {
    reading ??= read()
    return reading
  }
  return {
    now() {
      if (now() - readAt > FRESH_MS) void refresh()
      return known
    },
    refresh,
  }
}

/** Up to 25 names that hold what was typed so far, those that begin with it first. */
export const proposedNames = (names: readonly string[], typed: string): string[] => {
  const wanted = typed.trim().toLowerCase()
  const holding = names.filter(name => name.toLowerCase().includes(wanted) && name.length <= 100)
  const starts = (name: string) => Number(!name.toLowerCase().startsWith(wanted))
  return [...new Set(holding)].sort((a, b) => starts(a) - starts(b)).slice(0, 25)
}
