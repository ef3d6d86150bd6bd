import { createHash } from 'node:crypto'
import { isFault } from '../../infra/errors.ts'
import type { KeptCard } from '../../tools/chats.ts'
import type { Caller } from '../../tools/context.ts'
import { call } from '../../tools/registry.ts'
import { repliesTo } from '../replies.ts'
import type { Reply } from '../reply.ts'
import type { Sentences } from '../sentences.ts'
import type { Bot } from '../session.ts'
import { openPatience } from './patience.ts'
import type { Place } from './platform.ts'
import { chatSentences } from './session-json.ts'
import { readSettings } from './settings.ts'
import { shownOf } from './shown.ts'
import { compose, draftOf } from './view.ts'
import type { Workplace } from './workplace.ts'

/** Seconds that the answer to /status or /run goes on moving: a day, by then it is far up in the chat. */
export const LIVE_SECONDS = 86_400
/** Answers that move at the same time on one platform; each costs an edit whenever its proposal moves. */
const MOST_LIVE = 50

/** States in which nothing moves any more. */
const final = new Set(['rejected', 'failed', 'retired'])

interface Moving {
  readonly verb: string
  readonly input: Readonly<Record<string, unknown>>
  readonly hash: string
}

/** Where a card stands, with the language of whoever asked for it; a community's own goes before it. */
export type CardPlace = Place & { readonly language?: string }

/** What of an answer can be shown again as it moves: one proposal, or one run; null for all else. */
export const cardOf = (
  verb: string,
  input: Readonly<Record<string, unknown>>,
  output: unknown,
): Moving | null => {
  const proposals = proposalsOf(output)
  if (verb === 'status' && proposals.length === 1)
    return { verb, input: { proposal: proposals[0]?.name }, hash: hashOf(output) }
  return verb === 'run' ? { verb, input, hash: hashOf(output) } : null
}

const proposalsOf = (output: unknown): { name?: string; state?: string }[] =>
  (output as { proposals?: { name?: string; state?: string }[] } | null)?.proposals ?? []

/** Of what moves only: the memory of the engine and the part of whoever asked are none of it. */
const hashOf = (output: unknown): string => {
  const proposals = proposalsOf(output)
  const moving = proposals.length > 0 ? proposals.map(proposal => ({ ...proposal, mine: null })) : output
  return createHash('sha256').update(JSON.stringify(moving)).digest('hex').slice(0, 32)
}

const anyone = (surface: string): Caller => ({ role: 'anyone', accountId: null, surface })

/** The current view of a card: what it shows, whether it still moves. Null where the node has it no more. */
export const readCard = async (
  bot: Bot,
  surface: string,
  { verb: name, input }: Omit<Moving, 'hash'>,
  say: Sentences,
): Promise<{ hash: string; replies: Reply[]; moves: boolean } | null> => {
  const verb = bot.verb(name)
  if (verb === undefined) return null
  try {
    const output: unknown = await call(bot.network, anyone(surface), verb, input)
    const [only] = proposalsOf(output)
    if (name === 'status' && only === undefined) return null
    // The engine's memory is for those who ask about the node.
    const replies = repliesTo(name, output, say).filter(
      reply => reply.kind !== 'text' || reply.tone !== 'quiet',
    )
    return { hash: hashOf(output), replies, moves: !final.has(only?.state ?? '') }
  } catch (error) {
    if (isFault(error) && !error.retry) return null
    throw error
  }
}

const communityLanguages = async ({ chats, platform }: Workplace) => {
  const communities = await chats.communities(platform.name)
  const languages = new Map(
    communities.map(({ community, settings }) => [community, readSettings(settings)?.language ?? undefined]),
  )
  return (community: string | null): string | undefined => languages.get(community ?? '')
}

/** Shows cards again as what they show moves. */
export interface CardDesk {
  /** Shows again every card whose subject has moved, each by itself; returns how many. Throws faults of the database. */
  look(): Promise<number>
}

export const openCardDesk = (place: Workplace): CardDesk => {
  const { bot, chats, platform, log } = place
  const patience = openPatience('chat.card', () => bot.network.clock.now(), log)
  return {
    async look() {
      const cards = await chats.cards(platform.name, MOST_LIVE)
      if (cards.length === 0) return 0
      const languageOf = await communityLanguages(place)
      const read = new Map<string, Awaited<ReturnType<typeof readCard>>>()
      let moved = 0
      for (const card of cards) {
        const outcome = await patience.attempt(card.nonce, async () => {
          if (await moveCard(place, card, languageOf, read)) moved++
        })
        if (outcome === 'dropped') await chats.dropCard(card.nonce)
      }
      return moved
    },
  }
}

/** Shows one card again where its subject has moved; `read` has what was looked up for others. */
const moveCard = async (
  { bot, chats, platform }: Workplace,
  card: KeptCard & { readonly message: string },
  languageOf: (community: string | null) => string | undefined,
  read: Map<string, Awaited<ReturnType<typeof readCard>>>,
): Promise<boolean> => {
  const { language, ...where } = card.place as CardPlace
  const tags = [languageOf(where.community), language]
  const say = chatSentences(tags, true)
  const input = card.input as Record<string, unknown>
  const name = `${tags.join(' ')} ${card.verb} ${JSON.stringify(input)}`
  if (!read.has(name)) read.set(name, await readCard(bot, platform.name, { verb: card.verb, input }, say))
  const now = read.get(name)
  if (now === null || now === undefined) {
    await chats.dropCard(card.nonce)
    return false
  }
  if (now.hash === card.hash) return false
  const options = { nonce: card.nonce, subject: null, private: false, platform, say }
  const { view, buttons } = compose(draftOf(now.replies), options)
  await chats.keepButtons(platform.name, card.nonce, buttons)
  const shown = shownOf({ message: card.message, others: [], fresh: false }, card.nonce)
  const outcome = await platform.post({ place: where }, view, shown)
  if (outcome.kind === 'gone' || !now.moves) await chats.dropCard(card.nonce)
  else await chats.keepCard(platform.name, { ...card, hash: now.hash }, null)
  return true
}
