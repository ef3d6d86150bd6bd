import { messageOf } from './ids.ts'
import type { Seen } from './seen.ts'

/** Edits tried after a crash, when nothing is known of what was sent meanwhile. */
const PROBES_AFTER_CRASH = 30
/** Numbers above the newest known one that are tried where this process itself lost the answer of a call. */
const PROBES_BEYOND = 8
/** How far the search goes over messages that are known. */
const RANGE = 2000

/**
 * Numbers of messages among which a lost one is looked for, nearest first: those after `after` that are not known to be
 * another message. `crashed`: the try was made by an earlier process, so that many of its messages are unknown too.
 */
export const candidates = function* (
  seen: Seen,
  { chat, after, crashed }: { chat: number; after: number; crashed: boolean },
  others: readonly string[],
): Generator<number> {
  const known = new Set(others.map(messageOf).flatMap(other => (other.chat === chat ? [other.message] : [])))
  const last = crashed ? after + RANGE : Math.max(after, seen.newest(chat)) + PROBES_BEYOND
  let tried = 0
  for (let message = after + 1; message <= Math.min(last, after + RANGE); message++) {
    if (known.has(message) || seen.has({ chat, message })) continue
    if (tried++ >= PROBES_AFTER_CRASH) return
    yield message
  }
}
