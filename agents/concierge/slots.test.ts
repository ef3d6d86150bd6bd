import { describe, expect, it } from 'vitest'
import {
  amountsIn,
  choiceIn,
  licenceIn,
  mentionsIn,
  newNameIn,
  sideIn,
  thumbIn,
  withoutValues,
} from './slots.ts'
import { plain } from './text.ts'

const names = ['bees', 'bees-north', 'tax-help', 'mushroom-finder']
const named = (line: string) => mentionsIn(plain(line), names).map(({ name }) => name)

describe('names', () => {
  it.each([
    ['vote yes on bees', ['bees']],
    ['Vote YES on Tax-Help!', ['tax-help']],
    ['tax help please', ['tax-help']],
    ['what about mushrom-finder', ['mushroom-finder']],
    ['mushroom fnider', ['mushroom-finder']],
    ['bees-north', ['bees-north']],
    ['bees north', ['bees-north']],
    ['bees@3', ['bees']],
    ['tax-help and bees', ['tax-help', 'bees']],
    ['taxes and help', []],
    ['beer', []],
    ['', []],
  ])('of %j are %j', (line, wanted) => {
    expect(named(line)).toEqual(wanted)
  })

  it('a short name has to be spelt rightly, since every word is near to it', () => {
    expect(mentionsIn('been to sees', ['bees'])).toEqual([])
  })
})

describe('amounts', () => {
  it.each([
    ['pledge 5 to it', ['5']],
    ['five tokens', ['5']],
    ['2.5 tokens', ['2.5']],
    ['2,5 tokens', ['2.5']],
    ['2.50', ['2.5']],
    ['1,000', ['1000']],
    ['twenty-five', ['25']],
    ['twenty five', ['25']],
    ['two hundred', ['200']],
    ['one token', ['1']],
    ['one of my rows', []],
    ['-5', []],
    ['5k', []],
    ['50%', []],
    ['event #5', []],
    ['0', []],
    ['3 or 4', ['3', '4']],
    ['bees@3', []],
    ['018f0000-0000-7000-8000-000000000001', []],
    ['to 0xabc123', []],
  ])('of %j are %j', (line, wanted) => {
    expect(amountsIn(plain(line), names)).toEqual(wanted)
  })

  it('a number in a name is no amount', () => {
    expect(amountsIn('pledge 5 to route-66', ['route-66'])).toEqual(['5'])
  })
})

describe('choices', () => {
  it.each([
    ['vote yes on bees', 'yes'],
    ['aye for bees', 'yes'],
    ['I am in favour of bees', 'yes'],
    ['vote no on bees', 'no'],
    ['against bees', 'no'],
    ['no vote for bees', 'no'],
    ['I am not in favour of bees', 'no'],
    ["I don't support bees", 'no'],
    ['change my vote from yes to no', 'no'],
    ["I don't want to vote no", undefined],
    ["I won't vote yes", undefined],
    ['vote for or against bees', undefined],
    ['vote on bees', undefined],
  ])('of %j is %j', (line, wanted) => {
    expect(choiceIn(plain(line))).toBe(wanted)
  })

  it.each([
    ['good answer', '1'],
    ['👍', '1'],
    ['👎', '-1'],
    ['not helpful', '-1'],
    ["that isn't true", '-1'],
    ['rate the answer', undefined],
  ])('the thumb of %j is %j', (line, wanted) => {
    expect(thumbIn(plain(line))).toBe(wanted)
  })

  it.each([
    ['the first one is better', 'first'],
    ["I'd take B over A", 'second'],
    ['answer 2', 'second'],
    ['neither is good', 'neither'],
    ['compare two answers', undefined],
  ])('the side of %j is %j', (line, wanted) => {
    expect(sideIn(plain(line))).toBe(wanted)
  })
})

it.each([
  ['under cc by 4.0', 'CC-BY-4.0'],
  ['CC BY-SA please', 'CC-BY-SA-4.0'],
  ['as CC0', 'CC0-1.0'],
  ['these are MIT', 'MIT'],
  ['submit data', undefined],
])('the licence of %j is %j', (line, wanted) => {
  expect(licenceIn(plain(line))).toBe(wanted)
})

it.each([
  ['a model called plant-doctor', 'plant-doctor'],
  ['propose chess-coach', 'chess-coach'],
  ['propose a model', undefined],
])('the new name of %j is %j', (line, wanted) => {
  expect(newNameIn(plain(line))).toBe(wanted)
})

it('values are taken out of what the classifier sees', () => {
  expect(withoutValues('Pledge five tokens to tax help', names)).toBe('pledge _amount tokens to _name')
  expect(withoutValues("show Bob's balance", names)).toBe("show bob's balance _other")
})
