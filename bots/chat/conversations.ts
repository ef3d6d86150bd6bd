import type { KeptConversation } from '../../tools/chats.ts'
import type { Session } from '../session.ts'
import type { Incoming, Platform } from './platform.ts'
import { sessionJson } from './session-json.ts'
import { storable } from './storable.ts'

/**
 * The name of the conversation that something belongs to: all that is private with one person is one, also what a platform
 * took there out of a group.
 */
export const conversationOf = ({ place, person }: Pick<Incoming, 'place' | 'person'>): string =>
  place.community === null || place.chat === person.subject ? privateWith(person.subject) : place.chat

const privateWith = (subject: string): string => `person:${subject}`

/**
 * What to keep of a conversation. A question that only the person sees, in their private chat because the place has no such
 * answers, is open there and not where it was caused: `before` is the question that was open when they spoke.
 */
export const conversationsAfter = (
  incoming: Incoming,
  session: Session,
  { before, isPrivate, platform }: { before: Session['pending']; isPrivate: boolean; platform: Platform },
): KeptConversation[] => {
  const here = conversationOf(incoming)
  const there = privateWith(incoming.person.subject)
  const { pending } = session
  const asked = pending !== null && pending.id !== before?.id
  if (here === there || !isPrivate || !asked || platform.answersInPlace?.(incoming) === true)
    return [{ chat: here, session: storable(sessionJson(session)) }]
  // A question of the group that was open before was left for this one, as by any other command.
  return [
    { chat: here, session: storable(sessionJson({ ...session, pending: null })) },
    { chat: there, session: storable(sessionJson(session)), pendingOnly: true },
  ]
}

/** Forgets what was said there, and in private. */
export const forgotten = (incoming: Incoming): KeptConversation[] =>
  [...new Set([conversationOf(incoming), privateWith(incoming.person.subject)])].map(chat => ({
    chat,
    session: null,
  }))
