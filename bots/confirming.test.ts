import { describe, expect, it } from 'vitest'
import { propose } from '../tools/propose.ts'
import { sessionFrom, sessionJson } from './chat/session-json.ts'
import { english } from './sentences.ts'
import { openBot } from './session.ts'
import { openChatTalk } from './testing/chat-talk.ts'
import { member, openStory } from './testing/story.ts'

/** A story whose clock the test moves, by minutes. */
const withClock = () => {
  const story = openStory()
  let minutes = 0
  const now = () => new Date(Date.UTC(2026, 2, 1, 12, minutes))
  Object.assign(story.network, { clock: { now, offsetMs: 0 } })
  return { story, wait: (more: number) => (minutes += more) }
}

describe('a confirmation where choices are buttons', () => {
  it.each(['ok', 'yes', 'Sure.', 'y'])('is not given by the word "%s"', async word => {
    const talk = openChatTalk()
    await talk.send('/deposit 5', 'hello', word)
    expect(talk.story.calls).toEqual([])
    expect(talk.words()).toContain(english.pressYes)
    expect(talk.words()).toContain('Move 5 tokens')
    await talk.press('Yes')
    expect(talk.story.calls).toMatchObject([{ verb: 'deposit' }])
  })

  it('is refused by a word, which moves nothing', async () => {
    const talk = openChatTalk()
    await talk.send('/deposit 5', 'no')
    expect(talk.words()).toContain(english.dropped)
    expect(talk.session.pending).toBeNull()
  })

  it('shows a proposal as it will stand before the yes', async () => {
    const talk = openChatTalk(openStory(), propose)
    await talk.send('/propose', 'hive-doctor', 'Answers about hive diseases and what to do.')
    await talk.send('Questions of beekeepers, with answers.', 'CC0-1.0', '20', '15', '0.07', '30')
    await talk.send(Array.from({ length: 12 }, (_, at) => `Question ${at}? | Answer ${at}.`).join('\n'))
    await talk.press('Done')
    const shown = talk.words()
    for (const part of ['hive-doctor', '0.07 tokens a question', 'CC0-1.0', '15 %', '30 tokens'])
      expect(shown).toContain(part)
    expect(shown).toContain('{"label":"Rows wanted","value":"20"}')
    expect(shown).toContain('{"label":"Held-out rows","value":"12"}')
    expect(talk.last()).toMatchObject({ kind: 'choices', choices: [{ label: 'Yes' }, { label: 'No' }] })
  })

  it('stands again after a look at something else', async () => {
    const talk = openChatTalk()
    await talk.send('/deposit 5')
    const yes = talk.button('Yes')
    await talk.send('/status')
    expect(talk.words()).toContain('Your /deposit goes on: Move 5 tokens')
    await talk.press(yes)
    expect(talk.story.calls).toMatchObject([{ verb: 'deposit' }])
  })
})

describe('a yes to the price of a model', () => {
  it('says that it holds for the hour', async () => {
    const talk = openChatTalk()
    await talk.send('What is a nuc?')
    expect(talk.words()).toContain('within the hour')
  })

  it('covers other questions for one hour, and none after it', async () => {
    const { story, wait } = withClock()
    const talk = openChatTalk(story)
    await talk.send('What is a nuc?')
    await talk.press('Yes')
    wait(59)
    await talk.send('What is a super?')
    expect(story.calls).toHaveLength(2)
    wait(1)
    await talk.send('What is a skep?')
    expect(story.calls).toHaveLength(2)
    expect(talk.words()).toContain('costs 0.05 tokens')
  })

  it('is kept with its time, and counts no more where it was kept without one', async () => {
    const { story } = withClock()
    const talk = openChatTalk(story)
    await talk.send('What is a nuc?')
    await talk.press('Yes')
    const bot = openBot(story.network, story.verbs)
    const person = { caller: member, name: 'Ann', say: english }
    const kept = JSON.parse(JSON.stringify(sessionJson(talk.session)))
    expect(sessionFrom(kept, bot, person).confirmed).toEqual(talk.session.confirmed)
    expect(talk.session.confirmed.size).toBe(1)
    const older = { ...kept, confirmed: ['ask/beekeeping/50000'] }
    expect(sessionFrom(older, bot, person).confirmed.size).toBe(0)
  })
})
