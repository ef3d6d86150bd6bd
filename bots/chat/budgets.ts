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

/** Counts an update. `seconds`: until the person may go on, where the verdict is `warned`; the next ones are `silenced`. */
export const judge = async (
  chats: Pick<Chats, 'spend'>,
  { place, person }: Incoming,
  budgets: Budgets,
): Promise<{ verdict: Verdict; seconds: number }> => {
  const own = `person:${person.subject}`
  const spans: Span[] = [
    { scope: own, span: 'minute' },
    { scope: own, span: 'day' },
    ...(place.community === null ? [] : [{ scope: `community:${place.community}`, span: 'day' } as const]),
  ]
  const limits = [budgets.personMinute, budgets.personDay, budgets.communityDay]
  const spent = await chats.spend(place.platform, spans)
  const over = spent
    .map(({ count, secondsLeft }, at) => ({ beyond: count - (limits[at] ?? 0), secondsLeft }))
    .filter(({ beyond }) => beyond > 0)
  if (over.length === 0) return { verdict: 'admitted', seconds: 0 }
  const first = over.every(({ beyond }) => beyond === 1)
  return {
    verdict: first ? 'warned' : 'silenced',
    seconds: Math.max(...over.map(({ secondsLeft }) => secondsLeft)),
  }
}
