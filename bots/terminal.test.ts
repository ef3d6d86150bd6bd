import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { openTerminal } from './terminal.ts'
import { progressLine, safeText, terminalText, widthOf, wrap } from './terminal-text.ts'
import { openStory } from './testing/story.ts'

const pipe = async (story: ReturnType<typeof openStory>, lines: string[]): Promise<string> => {
  const input = new PassThrough()
  const output = new PassThrough()
  const chunks: Buffer[] = []
  output.on('data', (chunk: Buffer) => chunks.push(chunk))
  const terminal = await openTerminal(story.network, story.verbs, { input, output, user: 'ann' })
  input.end(lines.join('\n'))
  await terminal.closed
  return Buffer.concat(chunks).toString()
}

describe('the terminal', () => {
  it('joins its user and answers piped lines in order, without colours or prompts', async () => {
    const story = openStory()
    const said = await pipe(story, ['What is a nuc?', 'yes', '/why'])
    expect(story.calls.map(({ verb }) => verb)).toEqual(['join', 'ask', 'explain'])
    expect(story.calls[0]?.input).toEqual({ name: 'ann', platform: 'terminal', subject: 'ann' })
    expect(story.calls[1]?.accountId).toBe('account-of-terminal-ann')
    expect(said).toContain('A nuc is a small hive.\n')
    expect(said.indexOf('A nuc is')).toBeLessThan(said.indexOf('Contributors'))
    expect(said).not.toContain('\u001B')
    expect(said).not.toContain('beekeeping> ')
  })

  it('stops at /quit and answers nothing after it', async () => {
    const story = openStory()
    await pipe(story, ['/quit', '/vote beekeeping yes', 'yes'])
    expect(story.calls.map(({ verb }) => verb)).toEqual(['join'])
  })
})

/** A terminal as far as a chat sees one, and a way to wait for words on its screen. */
const openScreen = async (story: ReturnType<typeof openStory>) => {
  const input = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => {} })
  const output = Object.assign(new PassThrough(), { isTTY: true, columns: 100 })
  let shown = ''
  output.on('data', (chunk: Buffer) => {
    shown += chunk.toString()
  })
  const see = async (words: string): Promise<void> => {
    while (!shown.includes(words)) await once(output, 'data')
  }
  const terminal = await openTerminal(story.network, story.verbs, {
    input,
    output,
    user: 'ann',
    pollSeconds: 0.01,
    environment: { NO_COLOR: '1' },
  })
  return { terminal, input, see, screen: () => shown }
}

describe('the terminal with a person before it', () => {
  const training = {
    id: 'r',
    state: 'training',
    step: 7,
    steps: 60,
    loss: 2.5,
    tokensPerSecond: 1234,
    secondsLeft: 94,
    reason: null,
  } as const

  it('shows a running training above the prompt, and tells news', async () => {
    const story = openStory([{}, { name: 'med-qa', state: 'tuning', release: null, run: { ...training } }])
    const { terminal, see } = await openScreen(story)
    await see('step 7 of 60  loss 2.500  1,234 tokens/s  1 min 34 s left')
    story.proposals[1]!.run = { ...training, step: 8 }
    await see('step 8 of 60')
    story.notices = [{ id: 'n', kind: 'model.released', facts: { model: 'med-qa@1' }, at: '' }]
    await see('med-qa@1 is released.')
    terminal.close()
    await terminal.closed
  })

  it('takes the number of a choice, and keeps what was typed as history', async () => {
    const story = openStory()
    const { terminal, input, see, screen } = await openScreen(story)
    await see('beekeeping> ')
    input.write('What is a nuc?\r')
    await see('1 Yes   2 No')
    input.write('1\r')
    await see('A nuc is a small hive.')
    expect(screen().includes('\u001B[3')).toBe(false)
    terminal.close()
    expect(await terminal.closed).toEqual(['1', 'What is a nuc?'])
  })

  it('leaves a dialogue at the first Ctrl-C and the chat at the next', async () => {
    const { terminal, input, see } = await openScreen(openStory([{ state: 'gathering', release: null }]))
    await see('> ')
    input.write('/contribute beekeeping\r')
    await see('Under which licence')
    await see('…> ')
    input.write('\u0003')
    await see('tributary> ')
    input.write('\u0003')
    await see('Goodbye.')
    await terminal.closed
  })
})

describe('text for a terminal', () => {
  const look = { columns: 60, colour: false }

  it('lets no control character of another person through', () => {
    expect(safeText('a\u001B[2Jb\rc\u009Bd\te')).toBe('a[2Jbcd  e')
  })

  it('keeps every line of a table within the width', () => {
    const shown = terminalText(
      {
        kind: 'table',
        columns: [{ label: 'Nats', numeric: true }, { label: 'Question' }],
        rows: [
          ['12.5', 'word '.repeat(40)],
          ['−1', '蜂'.repeat(50)],
        ],
      },
      look,
    )
    for (const line of shown.split('\n')) expect(widthOf(line)).toBeLessThanOrEqual(60)
    expect(shown).toContain('  12.5  word')
  })

  it('draws progress on one line, whatever the width', () => {
    const progress = {
      kind: 'progress',
      label: 'Training beekeeping',
      step: 30,
      steps: 90,
      loss: 1.5,
      tokensPerSecond: 2345,
      secondsLeft: 65,
    } as const
    expect(progressLine(progress, { columns: 100, colour: false })).toMatch(
      /^Training beekeeping █+░+ {2}33 % {2}step 30 of 90 {2}loss 1.500 {2}2,345 tokens\/s {2}1 min 5 s left$/,
    )
    expect(widthOf(progressLine(progress, { columns: 40, colour: false }))).toBeLessThan(40)
  })

  it('breaks long words', () => {
    expect(wrap('abcdefgh ij', 3)).toEqual(['abc', 'def', 'gh', 'ij'])
  })
})
