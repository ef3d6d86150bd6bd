import { describe, expect, it } from 'vitest'
import { ANSWER_ID, openStory, type Story } from './story.ts'

/** One person's conversation on a platform, as that person sees it. */
export interface Channel {
  /** Sends a line and returns all words shown in answer to it. */
  send(line: string): Promise<string>
  close(): Promise<void>
}

/** The story that every platform tells alike: run it against a platform's own wiring. */
export const conformChannel = (name: string, open: (story: Story) => Promise<Channel>): void => {
  const talk = async (story: Story, ...lines: string[]): Promise<string[]> => {
    const channel = await open(story)
    try {
      const answers: string[] = []
      for (const line of lines) answers.push(await channel.send(line))
      return answers
    } finally {
      await channel.close()
    }
  }
  const verbsOf = (story: Story) => story.calls.map(({ verb }) => verb).filter(verb => verb !== 'join')

  describe(`a conversation on ${name}`, () => {
    it('asks after one confirmation, shows model and price, and tells whose words they were', async () => {
      const story = openStory()
      const [price, answer, why, good] = await talk(story, 'What is a nuc?', 'yes', 'why?', '/feedback up')
      expect(price).toContain('beekeeping costs 0.05 tokens')
      expect(answer).toContain('A nuc is a small hive.')
      expect(answer).toContain('beekeeping@1')
      expect(why).toContain('75.0 %')
      expect(why).toContain('Bob <b>')
      expect(good).toContain('Thank you')
      expect(verbsOf(story)).toEqual(['ask', 'explain', 'feedback'])
      expect(story.calls.at(-1)?.input).toEqual({ answer: ANSWER_ID, thumb: 1 })
    })

    it('opens one account for one person', async () => {
      const story = openStory()
      await talk(story, '/vote beekeeping yes', 'yes', '/deposit 5', 'yes')
      const joins = story.calls.filter(({ verb }) => verb === 'join')
      const calls = story.calls.filter(({ verb }) => verb !== 'join')
      // A surface may ask for the account again: the same person gets the same one.
      expect(new Set(joins.map(({ input }) => JSON.stringify(input))).size).toBe(1)
      expect(new Set(calls.map(({ accountId }) => accountId)).size).toBe(1)
      expect(calls.map(({ verb }) => verb)).toEqual(['vote', 'deposit'])
    })

    it('moves no money and casts no vote without a yes', async () => {
      const story = openStory()
      await talk(
        story,
        '/vote beekeeping yes',
        'no',
        '/deposit 5',
        'perhaps',
        '/cancel',
        'yes',
        'What is a nuc?',
      )
      expect(verbsOf(story)).toEqual([])
    })

    it('collects rows in a dialogue', async () => {
      const story = openStory([{ state: 'gathering', release: null }])
      const told = await talk(story, '/contribute beekeeping', 'CC0-1.0', 'yes', 'a | b', '')
      expect(told.join('\n')).toContain('1 row received')
      expect(story.calls.at(-1)?.input).toMatchObject({ rows: [{ question: 'a', answer: 'b' }] })
    })

    it('says what it did not understand, and what to do', async () => {
      const [remark, unknown, help] = await talk(openStory(), 'bees are nice', '/nosuch', '/help')
      expect(remark).toContain('I read "bees are nice" as a remark')
      expect(unknown).toContain('There is no command "/nosuch". Type /help for the list.')
      expect(help).toContain('/vote <proposal> <yes|no>')
    })

    it('tells news once', async () => {
      const story = openStory()
      story.notices = [{ id: 'n', kind: 'model.released', facts: { model: 'bees@2' }, at: '' }]
      const told = (await talk(story, '/help', '/help', '/help')).join('\n')
      expect(told.split('bees@2 is released.')).toHaveLength(2)
    })
  })
}
