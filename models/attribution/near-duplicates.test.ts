import { describe, expect, test } from 'vitest'
import { defaultBounds as bounds } from './likeness.ts'
import { NearDuplicates, type Text } from './near-duplicates.ts'

const text = (question: string, answer: string): Text => ({ question, answer })

const queen = text(
  'How many days does a queen need to emerge?',
  'A queen needs 16 days from the egg: three as an egg, about five as an open larva and the rest sealed. Drones take 24.',
)
const mite = text(
  'How does the varroa mite breed?',
  'The female mite slips into a cell before it is capped and lays her first egg after 60 hours. Sons and daughters mate inside.',
)
const wax = text(
  'How do I clean dirty wax?',
  'Melt it with plenty of rainwater, let it cool slowly and scrape the grey dross from the underside of the cake.',
)

function index(...rows: [id: string, account: string, row: Text][]): NearDuplicates {
  const near = new NearDuplicates()
  for (const [id, account, row] of rows) near.add(id, account, row)
  return near
}

const filled = (): NearDuplicates => index(['queen', 'ann', queen], ['mite', 'bob', mite], ['wax', 'cy', wax])

/** `count` rows that fill one template with another disease each. */
function template(
  near: NearDuplicates,
  account: string,
  count: number,
  answer: (name: string) => string,
): void {
  for (let i = 0; i < count; i++) {
    const name = `${'bdfgklmnprst'[i % 12]}${'aeiou'[i % 5]}rvex${'aeiou'[(i * 3) % 5]}lmia`
    near.add(`${account}-${i}`, account, text(`How is ${name} inherited?`, answer(name)), `${account}-${i}`)
  }
}

describe('what counts as saying the same', () => {
  test('a copy is verbatim whatever its case and punctuation', () => {
    const match = filled().nearest(
      text(queen.question.toUpperCase(), queen.answer.replaceAll(/[:,.]/g, ' ')),
    )[0]
    expect(match).toMatchObject({ id: 'queen', account: 'ann', kind: 'verbatim', cluster: 'queen' })
  })

  test('another order, synonyms and a new frame for the question are a rewording', () => {
    const match = filled().nearest(
      text(
        'A beginner asks: how do varroa mites breed?',
        'Before a cell is capped the female slips in. Her first egg follows after some 60 hours; daughters and sons mate in there.',
      ),
    )[0]
    expect(match).toMatchObject({ id: 'mite', kind: 'reworded' })
  })

  test('misspelt words are still the words', () => {
    const match = filled().nearest(
      text(
        'How do i clean dirrty wax',
        'melt it with plnty of rainwatr, let it cool slowly and scrap the grey drosss from the undrside of the cake',
      ),
    )[0]
    expect(match?.id).toBe('wax')
  })

  test('a part of a row, and a row with more around it, repeat it', () => {
    const part = text(mite.question, mite.answer.split('. ')[0] as string)
    expect(filled().nearest(part)[0]?.id).toBe('mite')
    const more = text(
      mite.question,
      `${mite.answer} My uncle told me so in the garden behind his old house near the river.`,
    )
    expect(filled().nearest(more)[0]?.id).toBe('mite')
  })

  test('the same answer under a question about something else is a copied answer', () => {
    expect(filled().nearest(text('What sinks in autumn rain?', wax.answer))[0]).toMatchObject({
      id: 'wax',
      kind: 'answer-copied',
    })
  })

  test('another fact about the same thing is no duplicate', () => {
    const weight = text(
      'How heavy is a queen?',
      'A laying queen weighs about 200 milligrams, twice as much as a worker.',
    )
    expect(filled().nearest(weight)).toEqual([])
  })

  test('type 2 and type 3 of one thing are different things', () => {
    const near = index([
      'two',
      'ann',
      text('How common is ataxia type 2?', 'Ataxia type 2 occurs in about one of many thousand people.'),
    ])
    expect(
      near.nearest(
        text('How common is ataxia type 3?', 'Ataxia type 3 occurs in about one of many thousand people.'),
      ),
    ).toEqual([])
  })

  test('a close embedding lowers the bar for a rewording', () => {
    const loose = text(
      'How are varroa mites born?',
      'A female goes into the cell and lays an egg, whose young mate inside; the cell is capped by then.',
    )
    const near = filled()
    const told = near.compare(loose)[0]?.likeness.told ?? 0
    const strict = new NearDuplicates({ ...bounds, told: told * 1.1, questionDoubt: 1, toldForDoubt: 0 })
    strict.add('mite', 'bob', mite)
    expect(strict.nearest(loose)).toEqual([])
    expect(strict.nearest(loose, new Map([['mite', 0.98]]))[0]?.id).toBe('mite')
  })
})

describe('templates', () => {
  const filling = (name: string): string =>
    `${name} is inherited in an autosomal recessive pattern, which means both copies of the gene in each cell have mutations. The parents each carry one copy and show no signs.`

  test('rows that fill one template with other names are different rows', () => {
    const near = filled()
    template(near, 'institute', 20, filling)
    expect(near.nearest(text('How is oxyplenosis inherited?', filling('oxyplenosis')))).toEqual([])
  })

  test('a template with the same name in it is still a copy', () => {
    const near = filled()
    template(near, 'institute', 20, filling)
    const copied = text('By which pattern is burvexalmia inherited?', filling('Burvexalmia'))
    near.add('first', 'institute', text('How is burvexalmia inherited?', filling('burvexalmia')))
    expect(near.nearest(copied)[0]?.id).toBe('first')
  })

  test('copies of one row never turn its words into a template', () => {
    const near = filled()
    for (let i = 0; i < 30; i++) near.add(`copy-${i}`, 'ann', queen)
    expect(near.nearest(queen)[0]?.kind).toBe('verbatim')
    expect(near.nearest(text('How long does a queen take to emerge?', queen.answer))[0]?.cluster).toBe(
      'queen',
    )
  })
})

describe('the index', () => {
  test('near-duplicates share the cluster of the first row', () => {
    const near = filled()
    expect(near.add('again', 'ann', text('How many days does a queen need?', queen.answer))).toBe('queen')
    expect(
      near.add(
        'other',
        'ann',
        text('What is propolis?', 'Propolis is resin which bees scrape from buds of poplar.'),
      ),
    ).toBe('other')
    expect(near.size).toBe(5)
  })

  test('asking changes nothing', () => {
    const near = filled()
    const before = near.compare(mite)
    for (let i = 0; i < 50; i++)
      near.nearest(text(`What is word${i}?`, `Word${i} occurs ${i} times beside a mite.`))
    expect(near.compare(mite)).toEqual(before)
  })

  test('the same rows in the same order give the same figures', () => {
    expect(filled().compare(queen)).toEqual(filled().compare(queen))
  })

  test('an empty index and a text without words match nothing', () => {
    expect(new NearDuplicates().nearest(queen)).toEqual([])
    expect(filled().nearest(text('?', '...'))).toEqual([])
  })
})
