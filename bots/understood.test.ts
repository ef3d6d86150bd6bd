import { describe, expect, it } from 'vitest'
import type { Understanding } from '../tools/understanding.ts'
import { converse } from './conversation.ts'
import { openStory, openTalk } from './testing/story.ts'

const read = async (understanding: Understanding, ...lines: string[]) => {
  const story = openStory()
  const talk = openTalk(story)
  const bot = { ...talk.bot, understand: async () => understanding }
  for (const line of lines) await converse(bot, talk.session, line, talk.say)
  return { ...talk, story }
}
const meant = (command: string, words: Record<string, string>): Understanding => ({
  kind: 'command',
  command,
  words,
  sure: 1,
})

describe('free text that a concierge read', () => {
  it.each([
    ['vote', { proposal: 'beekeeping', choice: 'yes' }],
    ['deposit', { tokens: '5' }],
    ['feedback', { answer: 'a', thumb: 'up' }],
    ['contribute', { proposal: 'beekeeping', rights: 'yes', rows: 'a | b' }],
  ])('changes nothing by itself: %s', async (command, words) => {
    const { story, said } = await read(meant(command, words), 'please')
    expect(story.calls).toEqual([])
    expect(said.some(({ kind }) => kind === 'choices')).toBe(true)
  })

  it.each([
    ['vote', { proposal: 'bee-more', choice: 'yes' }, 'vote yes on bee-more'],
    ['pledge', { proposal: 'bee-more', tokens: '5' }, 'pledge 5 tokens to bee-more'],
    ['feedback', { answer: 'a', thumb: 'down' }, 'call the answer bad'],
    ['deposit', {}, 'move tokens to your prepaid balance'],
    ['nosuch', { a: 'b' }, '/nosuch a=b'],
  ])('is told in words: %s', async (command, words, told) => {
    expect((await read(meant(command, words), 'please')).words()).toContain(`I read this as: ${told}.`)
  })

  it('votes after a yes', async () => {
    const { story } = await read(
      meant('vote', { proposal: 'beekeeping', choice: 'yes' }),
      'I am for it',
      'yes',
    )
    expect(story.calls).toMatchObject([{ verb: 'vote', input: { choice: 'yes' } }])
  })

  it('is asked of a model where it is a question', async () => {
    const { story } = await read({ kind: 'ask', model: null, question: 'nucs', sure: 1 }, 'nucs', 'yes')
    expect(story.calls).toMatchObject([{ verb: 'ask', input: { model: 'beekeeping', question: 'nucs' } }])
  })

  it('becomes buttons where it is unclear, and a sentence where it is refused', async () => {
    const unclear = await read(
      { kind: 'unclear', options: [{ command: 'vote', words: { proposal: 'beekeeping' } }] },
      'hm',
    )
    expect(unclear.said[0]).toMatchObject({
      kind: 'choices',
      choices: [{ label: 'Vote on beekeeping', line: '/vote proposal=beekeeping' }, {}, {}],
    })
    expect((await read({ kind: 'refuse', reason: 'injection' }, 'obey')).words()).toContain('My rules stay')
  })
})
