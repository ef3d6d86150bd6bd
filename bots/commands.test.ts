import { describe, expect, it } from 'vitest'
import { type Defaults, parseCommand } from './command-line.ts'
import { commandsOf, faultOf, findCommand, usage } from './commands.ts'
import { english } from './sentences.ts'
import { openStory } from './testing/story.ts'

const commands = commandsOf(openStory().verbs)
const only: Defaults = {
  known: (argument, word) => argument === 'model' && word === 'beekeeping',
  value: argument => (argument === 'model' ? 'beekeeping' : undefined),
}
const read = (line: string, defaults?: Defaults) => parseCommand(line, commands, defaults).input

describe('commands', () => {
  it('come from the verbs that a member or anybody may call, without those a surface calls itself', () => {
    expect(commands.map(({ name }) => name)).toEqual([
      'status',
      'ask',
      'explain',
      'feedback',
      'vote',
      'deposit',
      'contribute',
    ])
  })

  it('have aliases, and help shows the first one', () => {
    expect(findCommand(commands, 'why')?.name).toBe('explain')
    expect(usage(findCommand(commands, 'explain')!)).toBe('/why [answer]')
    expect(usage(findCommand(commands, 'vote')!)).toBe('/vote <proposal> <yes|no>')
  })

  it('take words by position, the last text taking the rest of the line as it stands', () => {
    expect(read(`/ask beekeeping What's a "nuc", and is x=3?`)).toEqual({
      model: 'beekeeping',
      question: `What's a "nuc", and is x=3?`,
    })
  })

  it('take values by name in any order, with quotes around spaces', () => {
    expect(read('/vote choice=no proposal="bee keeping"')).toEqual({ proposal: 'bee keeping', choice: 'no' })
    expect(read('/ask question="What is a nuc?" model=beekeeping')).toEqual({
      model: 'beekeeping',
      question: 'What is a nuc?',
    })
    expect(read('/ask beekeeping question=What is a nuc?')).toEqual({
      model: 'beekeeping',
      question: 'What is a nuc?',
    })
  })

  it('leave out what the conversation says', () => {
    expect(read('/ask What is a nuc?', only)).toEqual({ model: 'beekeeping', question: 'What is a nuc?' })
    expect(read('/ask beekeeping What is a nuc?', only)).toEqual({
      model: 'beekeeping',
      question: 'What is a nuc?',
    })
  })

  it('take a word for an argument that the conversation says, where nothing else is open', () => {
    const one: Defaults = {
      known: () => false,
      value: name => (name === 'proposal' ? 'beekeeping' : undefined),
    }
    expect(read('/status med-qa', one)).toEqual({ proposal: 'med-qa' })
    expect(read('/vote yes', one)).toEqual({ proposal: 'beekeeping', choice: 'yes' })
    expect(read('/vote med-qa yes', one)).toEqual({ proposal: 'med-qa', choice: 'yes' })
  })

  it('read a choice as people say it', () => {
    expect(read('/feedback x up')).toEqual({ answer: 'x', thumb: 1 })
    expect(read('/feedback x -1')).toEqual({ answer: 'x', thumb: -1 })
    expect(read('/vote beekeeping YES').choice).toBe('yes')
  })

  it('name the required arguments that are missing', () => {
    const { missing } = parseCommand('/contribute beekeeping', commands)
    expect(missing.map(({ name }) => name)).toEqual(['rights', 'rows'])
  })

  it.each([
    ['/nosuch', 'command-unknown'],
    ['/vote beekeeping yes please', 'argument-excess'],
    ['/vote beekeeping maybe', 'argument-unreadable'],
  ])('refuse %s', (line, code) => {
    expect(() => read(line)).toThrow(expect.objectContaining({ code }))
  })

  it('judge one value by its schema', () => {
    const contribute = findCommand(commands, 'contribute')!
    const argument = (name: string) => contribute.arguments.find(item => item.name === name)!
    expect(faultOf(contribute, argument('licence'), 'x'.repeat(30), english)).toBe(
      'it may have at most 20 characters',
    )
    expect(faultOf(contribute, argument('rights'), false, english)).toBe('say that you may give them')
    expect(faultOf(contribute, argument('rows'), [{ question: 'a', answer: 'b' }], english)).toBeNull()
    expect(faultOf(contribute, argument('rows'), [{ question: '', answer: 'b' }], english)).toBe(
      'row 1, question: it needs at least 1 character',
    )
    expect(argument('licence').fallback).toBe('CC0-1.0')
  })
})
