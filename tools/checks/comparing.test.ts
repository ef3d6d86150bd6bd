import { describe, expect, test } from 'vitest'
import { defaultCheckPolicy as policy } from './check.ts'
import { contamination } from './contamination.ts'
import { Datanet } from './datanet-view.ts'
import { duplicate } from './duplicate.ts'
import { relevance } from './relevance.ts'
import { finder, goodRow } from './testing-rows.ts'

const rewritten = {
  question: 'How can I see that the first honey is ripe?',
  answer:
    'Shake the frame: no drop may fall out of it. By then the bees have capped the comb, most of it at least.',
}

describe('duplicate', () => {
  const view = new Datanet({ purpose: 'honey bees', policy })
  view.add(goodRow)
  const check = finder(duplicate, view)

  test("another account's copy or rewording is refused and shows the first row", () => {
    expect(check({ id: 'b', account: 'bob' })).toMatchObject({
      verdict: 'refuse',
      first: 'row',
      facts: { kind: 'verbatim' },
    })
    expect(check({ id: 'b', account: 'bob', ...rewritten })).toMatchObject({
      verdict: 'refuse',
      first: 'row',
    })
  })

  test("one's own rewording passes and names the cluster", () => {
    expect(check({ id: 'b', ...rewritten })).toMatchObject({ verdict: 'pass', facts: { cluster: 'row' } })
  })

  test('a row that says something else passes without a cluster', () => {
    const finding = check({
      id: 'b',
      account: 'bob',
      question: 'What is royal jelly?',
      answer: 'A secretion of nurse bees, fed to young larvae.',
    })
    expect(finding.verdict).toBe('pass')
    expect(finding.facts).toBeUndefined()
  })
})

describe('contamination', () => {
  const long = {
    question: 'Why do bees fan at the entrance on warm evenings?',
    answer:
      'They drive moist air out of the hive, so that the nectar of the day loses its water faster, and the stream of air also carries the scent by which young bees find home.',
  }
  const view = new Datanet({ purpose: 'honey bees', policy, heldOut: [goodRow, long] })
  const check = finder(contamination, view)

  test('a held-out row, its question with a like answer, and its long runs of words are refused', () => {
    expect(check({}).verdict).toBe('refuse')
    expect(
      check({
        question: 'When is the first honey ripe, please?',
        answer: 'When most of the comb is capped by the bees and it does not drip.',
      }).verdict,
    ).toBe('refuse')
    expect(
      check({
        question: 'What is fanning of bees at the entrance good for in the evenings?',
        answer: `${long.answer.slice(0, 110)} I saw that at dusk.`,
      }).verdict,
    ).toBe('refuse')
  })

  test('a row about the same matter that teaches more than it repeats passes', () => {
    const answer =
      'Below 18 percent of water it keeps; a refractometer tells. Capped comb is a good sign, yet rape is taken before.'
    expect(check({ question: 'How dry must honey be?', answer }).verdict).toBe('pass')
  })

  test('the message does not quote what is held out', () => {
    expect(JSON.stringify(check({}))).not.toContain('capped')
  })
})

describe('relevance', () => {
  test('small talk is refused', () => {
    expect(
      finder(relevance)({ question: 'Hello, how are you today?', answer: 'Fine, thanks!' }).verdict,
    ).toBe('refuse')
  })

  test('a young datanet judges nobody, a grown one sends what is far off to a person', () => {
    const view = new Datanet({ purpose: 'honey bees', policy })
    const far = {
      question: 'Which gearbox fits a Bugatti Veyron?',
      answer: 'Ricardo built a seven-speed dual-clutch transaxle for that roadster.',
    }
    expect(finder(relevance, view)(far).verdict).toBe('pass')
    for (let i = 0; i < policy.relevance.minRows; i++)
      view.add({
        id: `${i}`,
        account: 'ann',
        question: `What happens in week ${i}?`,
        answer: `In week ${i} the bees of hive ${i} capped comb, honey and brood.`,
      })
    expect(finder(relevance, view)(far).verdict).toBe('review')
    expect(finder(relevance, view)({}).verdict).toBe('pass')
  })
})
