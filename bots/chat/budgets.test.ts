import { expect, it } from 'vitest'
import type { Span } from '../../tools/chats.ts'
import { does } from '../testing/paper-platform.ts'
import { admitsFile, judge } from './budgets.ts'

const budgets = { personMinute: 3, personDay: 100, communityDay: 5 }

/** Counts in memory; who is called mute is muted. */
const openCounts = () => {
  const counts = new Map<string, number>()
  const read = ({ scope, span }: Span) => ({ count: counts.get(`${scope}/${span}`) ?? 0, secondsLeft: 60 })
  return {
    counts,
    spend: async (_: string, spans: readonly Span[]) => {
      for (const span of spans) counts.set(`${span.scope}/${span.span}`, read(span).count + 1)
      return spans.map(read)
    },
    spent: async (_: string, spans: readonly Span[]) => spans.map(read),
    isMuted: async (_: string, __: string, subject: string) => subject === 'mute',
  }
}
const file = (subject: string) =>
  does(
    { kind: 'file', name: 'a.csv', sha256: '', line: '' },
    { subject, place: { chat: 'c', community: 'village' } },
  )

it('what a person is refused uses up nothing of their community', async () => {
  const chats = openCounts()
  for (let at = 0; at < 50; at++) await judge(chats, file('flooder'), budgets)
  expect(chats.counts.get('community:village/day')).toBe(budgets.personMinute)
})

it('no file is fetched from who is muted, or has used up what they may ask', async () => {
  const chats = openCounts()
  expect(await admitsFile(chats, file('mute'), budgets)).toBe(false)
  for (let at = 0; at <= budgets.personMinute; at++) {
    expect(await admitsFile(chats, file('ann'), budgets)).toBe(true)
    await judge(chats, file('ann'), budgets)
  }
  expect(await admitsFile(chats, file('ann'), budgets)).toBe(false)
})

it('so many files a day are fetched from one person, whatever is answered', async () => {
  const chats = openCounts()
  const told = []
  for (let at = 0; at < 250; at++) told.push(await admitsFile(chats, file('bob'), budgets))
  expect(told.filter(Boolean)).toHaveLength(200)
  expect(told.at(-1)).toBe(false)
})
