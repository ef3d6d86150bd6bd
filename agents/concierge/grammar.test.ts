import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { lineOf, type Situation } from '../../tools/understanding.ts'
import { openGrammar } from '../concierge.ts'
import { evaluate, sampleSituation } from './evaluate.ts'
import { readUtterances } from './intents.ts'

const folder = new URL('../../infra/samples/utterances/', import.meta.url)
const examples = readUtterances(new URL('examples.jsonl', folder))
const heldOut = readUtterances(new URL('held-out.jsonl', folder))
const situation: Situation = {
  ...sampleSituation(),
  models: ['bees', 'med-qa'],
  proposals: ['bees', 'med-qa', 'tax-help', 'old-maps'],
}
const understand = openGrammar()
const read = (line: string, other: Partial<Situation> = {}) => understand(line, { ...situation, ...other })

describe('the labelled lines', () => {
  it('are 420 or more of 30 intents or more, and no line is in both halves', () => {
    expect(examples.length + heldOut.length).toBeGreaterThanOrEqual(420)
    expect(new Set(heldOut.map(({ intent }) => intent)).size).toBeGreaterThanOrEqual(30)
    const taught = new Set(examples.map(({ text }) => text.toLowerCase()))
    expect(heldOut.filter(({ text }) => taught.has(text.toLowerCase()))).toEqual([])
    expect(examples.every(({ half }) => half === 'examples')).toBe(true)
    expect(heldOut.every(({ half }) => half === 'held-out')).toBe(true)
  })

  it('of the held-out half are read rightly, nine of ten or more, and their words nineteen of twenty', async () => {
    const score = await evaluate(heldOut)
    expect(score.intents).toBeGreaterThanOrEqual(0.9)
    expect(score.slots).toBeGreaterThanOrEqual(0.95)
  })

  it('that ask for what is somebody else’s, or attack, are never read as something to do', async () => {
    const harmless = new Set([
      'status',
      'models',
      'account',
      'explain',
      'events',
      'run',
      'help',
      'submission',
    ])
    const guarded = ['private-data', 'others-money', 'injection']
    for (const { text, intent } of heldOut.filter(item => guarded.includes(item.intent))) {
      const understood = await read(text)
      const acts = understood.kind === 'command' && !harmless.has(understood.command)
      expect([intent, text, acts]).toEqual([intent, text, false])
    }
  })
})

describe('the grammar', () => {
  it.each([
    ['vote yes on bees', '/vote proposal=bees choice=yes'],
    ['please count me against old maps', '/vote proposal=old-maps choice=no'],
    ['pledge five tokens to tax-help', '/pledge proposal=tax-help tokens=5'],
    ['top up 12.5', '/deposit tokens=12.5'],
    ['thumbs down', '/feedback thumb=-1'],
    ['switch to med-qa', '/model med-qa'],
    ['help vote', '/help vote'],
    ['add rows to old-maps under CC BY 4.0', '/contribute proposal=old-maps licence=CC-BY-4.0'],
    ['show event 42', '/event seq=42'],
    [
      'withdraw 018f0000-0000-7000-8000-0000000000c1',
      '/withdraw contribution=018f0000-0000-7000-8000-0000000000c1',
    ],
  ])('reads %j as %j', async (line, wanted) => {
    const understood = await read(line)
    expect(understood.kind === 'command' ? lineOf(understood) : understood.kind).toBe(wanted)
  })

  it('leaves out what a line does not say plainly', async () => {
    expect(await read('vote on bees')).toMatchObject({ command: 'vote', words: { proposal: 'bees' } })
    expect(await read('pledge 3 or 4 to tax-help')).toMatchObject({ words: { proposal: 'tax-help' } })
    expect(await read('pledge 3 or 4 to tax-help')).not.toHaveProperty('words.tokens')
  })

  it('offers each of several names instead of choosing one', async () => {
    expect(await read('vote yes on bees and no on tax-help')).toEqual({
      kind: 'unclear',
      options: [
        { command: 'vote', words: { proposal: 'bees' } },
        { command: 'vote', words: { proposal: 'tax-help' } },
      ],
    })
  })

  it('asks the model that is addressed, and no other', async () => {
    expect(await read('ask bees when drones fly')).toMatchObject({
      kind: 'ask',
      model: 'bees',
      question: 'when drones fly',
    })
    expect(await read('bees: When do drones fly?')).toMatchObject({
      model: 'bees',
      question: 'When do drones fly?',
    })
    expect(await read('How far do bees fly?')).toMatchObject({
      kind: 'ask',
      model: null,
      question: 'How far do bees fly?',
    })
  })

  it('says what there is no command for', async () => {
    expect(await read('delegate my vote')).toEqual({
      kind: 'refuse',
      reason: 'not-available',
      command: 'delegate',
    })
    expect(await read('vote yes on bees', { commands: ['status'] })).toMatchObject({
      reason: 'not-available',
      command: 'vote',
    })
  })

  it('reads any line without throwing, and offers at most three things', async () => {
    const words = examples.flatMap(({ text }) => text.split(' '))
    const line = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 300 }),
      fc.array(fc.constantFrom(...words), { maxLength: 30 }).map(list => list.join(' ')),
    )
    await fc.assert(
      fc.asyncProperty(line, async text => {
        const understood = await read(text)
        if (understood.kind === 'unclear') expect(understood.options.length).toBeLessThanOrEqual(3)
        if (understood.kind === 'command')
          expect([...situation.commands, 'help', 'model', 'cancel']).toContain(understood.command)
      }),
      { numRuns: 200, seed: 7 },
    )
  })

  it('reads hostile lines of any length', async () => {
    for (const part of ['please do ', 'delete a my ', 'a', 'what is who ', '1,', 'not ', "'", '<', 'zwölf '])
      expect(await read(part.repeat(20_000 / part.length))).toBeDefined()
  })
})

it('a labelled file that cannot be read is named', () => {
  expect(() => readUtterances('/nowhere/lines.jsonl')).toThrow(
    expect.objectContaining({ code: 'utterances-unreadable' }),
  )
})
