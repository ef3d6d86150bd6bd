import type { Begun, WaitingUpdate } from '../../tools/chats.ts'
import { judge } from './budgets.ts'
import { conversationOf } from './conversations.ts'
import type { Incoming } from './platform.ts'
import { type Answered, Turn } from './turn.ts'
import type { Signals, Workplace } from './workplace.ts'

/** A process that died this often over one update dies of it: it is answered with an incident instead. */
const MOST_ATTEMPTS = 5

/**
 * Answers one update and ends it: its conversation and its message are kept in the same moment in which it counts as done.
 * Run again after a crash, it makes the same calls under the same keys and replaces the message. Throws `Stopped`,
 * `update-overtaken` and faults of the database.
 */
export const answerUpdate = async (
  place: Workplace,
  update: WaitingUpdate,
  signals: Signals,
): Promise<Answered> => {
  const incoming = update.payload as Incoming
  const begun = await begin(place, update, incoming)
  if (begun === null) return { accountId: null }
  const leave = async (): Promise<Answered> => {
    await dismiss(place, update, incoming)
    await place.chats.finish(update, { sessions: [], message: null, state: null, view: null })
    return { accountId: null }
  }
  if (begun.muted || !deservesAnswer(incoming, begun.session)) return leave()
  const judged = await judgeOnce(place, update, incoming, begun)
  if (judged.verdict === 'silenced') return leave()
  const turn = new Turn(place, update, incoming, begun, signals)
  return begun.attempts > MOST_ATTEMPTS ? turn.giveUp() : turn.answer(judged.seconds)
}

/** Ends an update that cannot be answered: the person is told of an incident, and what was asked of them is not open any more. */
export const giveUpUpdate = async (
  place: Workplace,
  update: WaitingUpdate,
  signals: Signals,
): Promise<Answered> => {
  const incoming = update.payload as Incoming
  const begun = await begin(place, update, incoming)
  return begun === null ? { accountId: null } : new Turn(place, update, incoming, begun, signals).giveUp()
}

const begin = ({ chats }: Workplace, update: WaitingUpdate, incoming: Incoming): Promise<Begun | null> =>
  chats.begin(update, { community: incoming.place.community, conversation: conversationOf(incoming) })

/** Tells the platform that there will be no answer. What it cannot take back is only noted. */
const dismiss = async (
  { platform, log }: Workplace,
  update: WaitingUpdate,
  incoming: Incoming,
): Promise<void> => {
  await platform.dismiss?.(incoming).catch(() => {
    log.warn('chat.not-dismissed', { platform: platform.name, update: String(update.seq) })
  })
}

const deservesAnswer = ({ act, place }: Incoming, kept: unknown): boolean => {
  const pending = (kept as { pending?: { kind: string } | null } | null)?.pending?.kind
  const isCommand = 'line' in act && act.line.trim().startsWith('/')
  // What is said to others can answer a question of ours, but never confirm anything.
  if (act.kind === 'line') return act.addressed || (pending === 'dialogue' && !isCommand)
  if (act.kind === 'file')
    return place.community === null || act.addressed === true || isCommand || pending === 'dialogue'
  return true
}

const judgeOnce = async (
  { chats, budgets }: Workplace,
  update: WaitingUpdate,
  incoming: Incoming,
  begun: Begun,
): Promise<{ verdict: Begun['verdict']; seconds: number }> => {
  if (begun.attempts > 1)
    return { verdict: begun.verdict ?? 'admitted', seconds: begun.verdict === 'warned' ? 60 : 0 }
  const judged = await judge(chats, incoming, budgets)
  if (judged.verdict !== 'admitted') await chats.judge(update, judged.verdict)
  return judged
}
