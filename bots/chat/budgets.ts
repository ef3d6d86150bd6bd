import type { Chats, Span, Verdict } from '../../tools/chats.ts'
import type { Incoming } from './platform.ts'

/** How much one person, or one community, may ask of the bot. What costs money has its own price besides. */
export interface Budgets {
  readonly personMinute: number
  readonly personDay: number
  readonly communityDay: number
}

export const defaultBudgets: Budgets = {
  /** One every two seconds, kept up for a minute: more than a person types, less than a script sends. */
  personMinute: 30,
  /** A long day of contributing line by line stays under it. */
  personDay: 1_000,
  /** Some hundred busy people; beyond, one place would take the node from all others. */
  communityDay: 20_000,
}

type Where = Pick<Incoming, 'place' | 'person'>

const spansOf = ({ person }: Where): Span[] => [
  { scope: `person:${person.subject}`, span: 'minute' },
  { scope: `person:${person.subject}`, span: 'day' },
]

/**
 * Counts an update: against the person's own budget, and where that admits it, against the community's. Everybody is warned
 * once of each. `seconds`: until the person may go on, where the verdict is `warned`; the next ones are `silenced`.
 */
export const judge = async (
  chats: Pick<Chats, 'spend'>,
  where: Where,
  budgets: Budgets,
): Promise<{ verdict: Verdict; seconds: number }> => {
  const { place, person } = where
  const limits = [budgets.personMinute, budgets.personDay]
  const own = (await chats.spend(place.platform, spansOf(where)))
    .map(({ count, secondsLeft }, at) => ({ beyond: count - (limits[at] ?? 0), secondsLeft }))
    .filter(({ beyond }) => beyond > 0)
  if (own.length > 0)
    return {
      verdict: own.every(({ beyond }) => beyond === 1) ? 'warned' : 'silenced',
      seconds: Math.max(...own.map(({ secondsLeft }) => secondsLeft)),
    }
  if (place.community === null) return { verdict: 'admitted', seconds: 0 }
  const scope = `community:${place.community}`
  const [shared] = await chats.spend(place.platform, [{ scope, span: 'day' }])
  if ((shared?.count ?? 0) <= budgets.communityDay) return { verdict: 'admitted', seconds: 0 }
  const [told] = await chats.spend(place.platform, [
    { scope: `${scope}/person:${person.subject}`, span: 'day' },
  ])
  return { verdict: told?.count === 1 ? 'warned' : 'silenced', seconds: shared?.secondsLeft ?? 0 }
}

/** Files of one person that are fetched in a day; each is kept for a month. */
const FILES_A_DAY = 200

/**
 * Whether a file that a person sends is fetched at all: not from somebody who is muted there or whose budget is used up,
 * and so many a day. Counts it, so ask once a file; where the answer is no, nothing is received and nothing answered.
 * Throws faults of the database.
 */
export const admitsFile = async (
  chats: Pick<Chats, 'spend' | 'spent' | 'isMuted'>,
  where: Where,
  budgets: Budgets = defaultBudgets,
): Promise<boolean> => {
  const { place, person } = where
  if (place.community !== null && (await chats.isMuted(place.platform, place.community, person.subject)))
    return false
  const [minute, day] = await chats.spent(place.platform, spansOf(where))
  // The first one beyond a budget still goes on: it is what the person is warned with.
  if ((minute?.count ?? 0) > budgets.personMinute || (day?.count ?? 0) > budgets.personDay) return false
  const [files] = await chats.spend(place.platform, [{ scope: `files:${person.subject}`, span: 'day' }])
  return (files?.count ?? 0) <= FILES_A_DAY
}
