import { describe, expect, it } from 'vitest'
import { fault } from '../infra/errors.ts'
import { limits } from '../tools/limits.ts'
import { pledge } from '../tools/pledge.ts'
import { propose } from '../tools/propose.ts'
import type { Verb } from '../tools/registry.ts'
import { sessionFrom, sessionJson } from './chat/session-json.ts'
import { english } from './sentences.ts'
import { openBot } from './session.ts'
import { openChatTalk } from './testing/chat-talk.ts'
import { member, openStory } from './testing/story.ts'

const gathering = () => openStory([{ state: 'gathering', release: null }])
const rows = Array.from({ length: 10 }, (_, at) => `Question ${at}? | Answer ${at}.`).join('\n')

/** A person who answered everything that a proposal is asked for, and said yes. */
const proposed = async (...refusals: Error[]) => {
  const tried: Record<string, unknown>[] = []
  const verb: Verb = {
    ...(propose as unknown as Verb),
    run: async (_, input) => {
      tried.push(input as Record<string, unknown>)
      const refusal = refusals.shift()
      if (refusal !== undefined) throw refusal
      return { proposalId: 'p', name: 'x', closesAt: '2026-03-01T12:00:00Z', bondTx: '0x', termsHash: 'h' }
    },
  }
  const talk = openChatTalk(openStory(), verb)
  await talk.send('/propose', 'hive-doctor', 'Answers about hive diseases and what to do.')
  await talk.send('Questions of beekeepers, with answers.', 'CC0-1.0', '20', '15', '0.07', '30', rows)
  await talk.press('Done')
  await talk.press('Yes')
  return { talk, tried }
}

describe('a button of a dialogue', () => {
  it('answers its own question only, pressed twice', async () => {
    const talk = openChatTalk(openStory(), propose)
    await talk.send('/propose', 'hive-doctor', 'Answers about hive diseases and what to do.')
    await talk.send('Questions of beekeepers, with answers.')
    const keep = talk.button('Keep CC0-1.0, CC-BY-4.0')
    await talk.press(keep)
    expect(talk.words()).toContain('How many accepted rows')
    await talk.send('20')
    await talk.press(keep)
    expect(talk.words()).toContain(english.chatting.tooLate)
    expect(talk.session.pending).toMatchObject({
      kind: 'dialogue',
      open: [{ name: 'minimumImprovement' }, {}, {}, {}],
    })
  })

  it('ends it at every question', async () => {
    const talk = openChatTalk(openStory(), propose)
    for (const line of ['/propose', 'hive-doctor', 'Answers about hive diseases and what to do.']) {
      await talk.send(line)
      expect(talk.last()).toMatchObject({ kind: 'choices' })
      expect(talk.words()).toContain('"Cancel"')
    }
    await talk.press('Cancel')
    expect(talk.words()).toContain(english.cancelled)
    expect(talk.session.pending).toBeNull()
  })
})

describe('words that end what is asked', () => {
  it.each(['cancel', 'Stop', 'never mind', 'Forget it.'])('are "%s", said alone', async words => {
    const talk = openChatTalk(gathering())
    await talk.send('/contribute beekeeping', words)
    expect(talk.session.pending).toBeNull()
    await talk.send('/vote beekeeping yes', words)
    expect(talk.session.pending).toBeNull()
    expect(talk.story.calls).toEqual([])
  })

  it('are an answer within a longer one', async () => {
    const talk = openChatTalk(openStory(), propose)
    await talk.send('/propose', 'hive-doctor', 'Never mind the weather: it answers how to stop a swarm.')
    expect(talk.session.pending).toMatchObject({ kind: 'dialogue', open: { length: 7 } })
  })
})

describe('a look at something else', () => {
  it.each(['/status', '/help', '/why', '/nosuch', '/status nosuch'])(
    'does not end a dialogue: %s',
    async look => {
      const talk = openChatTalk(openStory(), propose)
      await talk.send('/propose', 'hive-doctor', look)
      expect(talk.words()).toContain('Your /propose goes on: What is it for?')
      await talk.send('Answers about hive diseases and what to do.')
      expect(talk.session.pending).toMatchObject({
        input: { name: 'hive-doctor', purpose: expect.any(String) },
      })
    },
  )

  it('is not told to others who read along', async () => {
    const talk = openChatTalk(openStory(), propose)
    await talk.send('/propose', 'hive-doctor')
    await talk.type('/status', { discreet: true })
    expect(talk.words()).not.toContain('goes on')
    expect(talk.session.pending).toMatchObject({ kind: 'dialogue' })
  })

  it('gives way to another command that does something', async () => {
    const talk = openChatTalk(openStory(), propose)
    await talk.send('/propose', 'hive-doctor', '/deposit 5')
    expect(talk.session.pending).toMatchObject({ kind: 'confirmation' })
    expect(talk.words()).not.toContain('goes on')
  })
})

describe('a value that the network refused in the end', () => {
  it('is asked for again, with all others kept', async () => {
    const taken = fault('name-taken', 'A model named "hive-doctor" exists already.', {
      fix: 'Choose another.',
    })
    const { talk, tried } = await proposed(taken)
    expect(talk.words()).toContain('exists already')
    expect(talk.words()).toContain('What is the model called?')
    await talk.send('hive-healer')
    expect(talk.words()).toContain('hive-healer')
    await talk.press('Yes')
    expect(tried.map(({ name }) => name)).toEqual(['hive-doctor', 'hive-healer'])
    expect({ ...tried[0], name: '' }).toEqual({ ...tried[1], name: '' })
  })

  it('is chosen by the person where the fault does not name it', async () => {
    const { talk, tried } = await proposed(fault('odd-terms', 'That does not add up.', { fix: 'Change it.' }))
    expect(talk.words()).toContain(english.whichValue)
    const bot = openBot(talk.story.network, [...talk.story.verbs, propose])
    const person = { caller: member, name: 'Ann', say: english }
    const kept = JSON.parse(JSON.stringify(sessionJson(talk.session)))
    expect(sessionFrom(kept, bot, person).pending).toMatchObject({ open: [], input: { name: 'hive-doctor' } })
    await talk.press('rowsWanted')
    await talk.send('40')
    await talk.press('Yes')
    expect(tried.map(({ rowsWanted }) => rowsWanted)).toEqual([20, 40])
  })

  it('is not asked for again where the fault is not the person’s', async () => {
    const down = fault('chain-down', 'The chain does not answer.', { fix: 'Wait.', blame: 'world' })
    const { talk } = await proposed(down)
    expect(talk.words()).toContain('does not answer')
    // What was sent to the chain may still arrive: another yes would be another call.
    expect(talk.session.pending).toBeNull()
  })

  it('is told when it is given: a name that exists, a licence that is none or not taken', async () => {
    const talk = openChatTalk(openStory(), propose)
    await talk.send('/propose', 'beekeeping')
    expect(talk.words()).toContain(english.nameTaken)
    await talk.send('hive-doctor', 'Answers about hive diseases and what to do.')
    await talk.send('Questions of beekeepers, with answers.', 'CC0-1.0, Whatever-1.0')
    expect(talk.words()).toContain('not a licence that SPDX knows')
    const giving = openChatTalk(gathering())
    await giving.send('/contribute beekeeping', 'my own')
    expect(giving.words()).toContain('choose one of CC0-1.0')
    await giving.send('MIT')
    expect(giving.words()).toContain('takes rows under CC0-1.0 only')
    await giving.send('CC0-1.0')
    expect(giving.session.pending).toMatchObject({ input: { licence: 'CC0-1.0' } })
  })
})

describe('the models that are offered', () => {
  const three = () =>
    openStory([
      { name: 'serves' },
      { name: 'gathers', state: 'gathering', release: null },
      { name: 'full', state: 'gathering', release: null, gatheringClosedAt: '2026-03-01T10:00:00Z' },
      { name: 'polls', state: 'voting', poll: null, release: null },
    ])
  it.each([
    ['/vote', ['polls']],
    ['/contribute', ['gathers']],
    ['/pledge', ['polls', 'gathers']],
  ])('are those that %s can be about', async (line, names) => {
    const talk = openChatTalk(three(), pledge)
    await talk.send(line)
    expect(talk.last()).toMatchObject({
      choices: [...names, 'Cancel'].map(label => ({ label })),
    })
  })

  it.each(['/vote', '/contribute', '/pledge'])(
    'are none where nothing is open, and %s says so',
    async line => {
      const talk = openChatTalk(openStory([{}, { name: 'other' }]), pledge)
      await talk.send(line)
      expect(talk.words()).toContain(english.nothingFor[line.slice(1)])
      expect(talk.session.pending).toBeNull()
    },
  )
})

describe('what comes while a question is open', () => {
  it('is no answer where it is a file and no rows are asked for', async () => {
    const talk = openChatTalk(gathering())
    await talk.send('/contribute beekeeping')
    await talk.type('', { attached: '@rows.csv', readFile: async () => 'a | b' })
    expect(talk.words()).toContain(english.noFileNow)
    expect(talk.words()).toContain('Under which licence')
    expect(talk.session.pending).toMatchObject({ open: [{ name: 'licence' }, {}, {}] })
    await talk.send('/deposit 5')
    await talk.type('', { attached: '@rows.csv', readFile: async () => 'a | b' })
    expect(talk.words()).toContain(english.noFileNow)
    expect(talk.words()).toContain('Move 5 tokens')
  })

  it('is taken as rows up to the lines of a submission, and said to be too much beyond', async () => {
    const talk = openChatTalk(gathering())
    await talk.send('/contribute beekeeping', 'CC0-1.0', 'yes')
    await talk.send(Array.from({ length: limits.submissionRows }, (_, at) => `q${at} | a${at}`).join('\n'))
    expect(talk.words()).toContain('500 rows so far')
    await talk.send('one | more')
    expect(talk.words()).toContain('at most 500 lines')
    expect(talk.session.pending).toMatchObject({ lines: { length: 1 } })
  })
})
