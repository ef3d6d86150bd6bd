import { describe, expect, it } from 'vitest'
import { consent } from '../tools/consent.ts'
import { converse } from './conversation.ts'
import { tellNotices } from './notices.ts'
import { english } from './sentences.ts'
import { openChatTalk } from './testing/chat-talk.ts'
import { ANSWER_ID, openStory, openTalk } from './testing/story.ts'

const talk = async (story: ReturnType<typeof openStory>, ...lines: string[]) => {
  const conversation = openTalk(story)
  for (const line of lines) await converse(conversation.bot, conversation.session, line, conversation.say)
  return conversation
}

describe('a conversation', () => {
  it('asks the only released model what ends in a question mark, once the price is confirmed', async () => {
    const story = openStory()
    const { words, session } = await talk(story, 'What is a nuc?')
    expect(words()).toContain('beekeeping costs 0.05 tokens')
    expect(story.calls).toEqual([])
    const next = openTalk(story)
    await converse(next.bot, session, 'yes', next.say)
    expect(story.calls).toMatchObject([
      { verb: 'ask', input: { model: 'beekeeping', question: 'What is a nuc?' } },
    ])
    expect(next.said.filter(({ kind }) => kind === 'part')).toHaveLength(2)
    expect(next.words()).toContain(`/why ${ANSWER_ID}`)
  })

  it('confirms a model’s price once in a session', async () => {
    const story = openStory()
    await talk(story, 'What is a nuc?', 'yes', 'And a super?', 'how many bees fit in')
    expect(story.calls.filter(({ verb }) => verb === 'ask')).toHaveLength(3)
  })

  it('explains the last answer without being told which', async () => {
    const story = openStory()
    const { words } = await talk(story, 'What is a nuc?', 'yes', 'why?')
    expect(words()).toContain('75.0 %')
    expect(words()).toContain('a small hive')
  })

  it('does nothing after a no, and asks again after anything else', async () => {
    const story = openStory([{ state: 'voting', poll: null, release: null }])
    const { words } = await talk(story, '/vote beekeeping yes', 'perhaps', 'no', 'yes')
    expect(story.calls).toEqual([])
    expect(words()).toContain('Please say yes or no.')
    expect(words()).toContain('Nothing was done.')
  })

  it('says what it took a remark for, and offers commands', async () => {
    const { said } = await talk(openStory(), 'bees are nice')
    expect(said).toMatchObject([
      {
        kind: 'choices',
        choices: [{ line: '/ask beekeeping bees are nice' }, { line: '/status' }, { line: '/help' }],
      },
    ])
  })

  it('asks which model when there are several', async () => {
    const { said } = await talk(openStory([{}, { name: 'med-qa' }]), 'What is a nuc?')
    expect(said).toMatchObject([
      { kind: 'choices', choices: [{ line: '/model beekeeping' }, { line: '/model med-qa' }] },
    ])
  })

  it('collects what a contribution needs, judging each answer', async () => {
    const story = openStory([{ state: 'gathering', release: null }])
    const { words } = await talk(
      story,
      '/contribute beekeeping',
      'a licence that is far too long',
      '',
      'no',
      'yes',
      'no separator here',
      '',
      'a | b',
      'c | d',
      '',
    )
    expect(words()).toContain('That cannot be the licence')
    expect(words()).toContain('say that you may give them')
    expect(words()).toContain('Line 1 is not a row')
    expect(story.calls).toMatchObject([
      {
        verb: 'contribute',
        input: {
          proposal: 'beekeeping',
          licence: 'CC0-1.0',
          rights: true,
          rows: [{ question: 'a' }, { question: 'c' }],
        },
      },
    ])
  })

  it('leaves a dialogue on /cancel', async () => {
    const story = openStory()
    const { session, words } = await talk(story, '/contribute beekeeping', '/cancel')
    expect(session.pending).toBeNull()
    expect(words()).toContain('Nothing was sent.')
  })

  it('reads files only where the surface lends a reader', async () => {
    const story = openStory([{ state: 'gathering', release: null }])
    const line = '/contribute beekeeping rights=yes rows=@bees.txt'
    expect((await talk(story, line)).words()).toContain('cannot be read here')
    const { bot, session, say } = openTalk(story)
    await converse(bot, session, line, say, { readFile: async path => `${path} | b` })
    expect(story.calls).toMatchObject([{ input: { rows: [{ question: 'bees.txt', answer: 'b' }] } }])
  })

  it('offers to top up when the balance does not cover the price', async () => {
    const story = openStory()
    story.balanceUnits = 0n
    const { words } = await talk(story, 'What is a nuc?', 'yes')
    expect(words()).toContain('does not cover the price')
    expect(words()).toContain('/deposit 5')
    expect(words()).not.toContain('balance:x')
  })

  it('offers the unpaid question again after the top-up', async () => {
    const story = openStory()
    story.balanceUnits = 0n
    const { said, session } = await talk(story, 'What is a nuc?', 'yes', '/deposit 5', 'yes')
    expect(said.at(-1)).toMatchObject({
      kind: 'choices',
      choices: [{ line: '/ask beekeeping What is a nuc?' }],
    })
    expect(session.unpaid).toBeNull()
  })

  it('tells a fault of ours by an incident only', async () => {
    const story = openStory()
    const { bot, session, say, words } = openTalk(story)
    Object.assign(bot, { verb: () => story.verbs.find(({ name }) => name === 'vote') })
    await converse(bot, session, '/status', say)
    const broken = openTalk(story)
    Object.assign(broken.bot, { commands: null })
    await converse(broken.bot, broken.session, '/status', broken.say)
    expect(broken.words()).toContain('incident')
    expect(broken.words()).not.toContain('null')
    expect(words()).not.toContain('incident')
  })

  it('tells every notice once', async () => {
    const story = openStory()
    story.notices = [{ id: 'n1', kind: 'contribution.reviewed', facts: { accepted: 3, refused: 1 }, at: '' }]
    const { bot, session, say, words } = openTalk(story)
    expect(await tellNotices(bot, session, say)).toBe(1)
    expect(await tellNotices(bot, session, say)).toBe(0)
    expect(words()).toContain('3 accepted, 1 refused')
  })

  it('tells what the node computes with where operators look, and not in a chat', async () => {
    expect((await talk(openStory(), '/status')).words()).toContain('MiB')
    const chat = openChatTalk()
    await chat.send('/status')
    expect(chat.words()).toContain('beekeeping')
    expect(chat.words()).not.toContain('MiB')
  })

  it('lists first what people need, and names the rest', async () => {
    const { said } = await talk(openStory(), '/help')
    expect(said).toMatchObject([
      { kind: 'table', note: expect.stringContaining('More: /feedback, /deposit.') },
    ])
    const rows = said[0]?.kind === 'table' ? said[0].rows.map(([usage]) => usage?.split(' ')[0]) : []
    expect(rows).toEqual(['/ask', '/why', '/status', '/contribute', '/vote', '/help'])
  })

  it('asks which answer a thumb is for, and says where its buttons are', async () => {
    const { words } = await talk(openStory(), '/feedback')
    expect(words()).toContain('Press Good or Bad under it.')
  })

  it('offers a consent to press, with the licences that the model takes', async () => {
    const chat = openChatTalk(openStory([{ licences: ['CC0-1.0', 'MIT'] }]), consent)
    await chat.send('/consent beekeeping')
    expect(chat.last()).toMatchObject({
      text: english.people.consentAsked('beekeeping', 'CC0-1.0'),
      choices: [
        { label: 'Yes', line: '/consent beekeeping licence=CC0-1.0 rights=yes' },
        { line: '/consent beekeeping licence=MIT rights=yes' },
      ],
    })
  })
})
