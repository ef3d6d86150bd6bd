import { describe, expect, it } from 'vitest'
import { checkCommands, checkModal } from '../../infra/testing/discord/limits-commands.ts'
import { verbs } from '../../tools/verbs.ts'
import { parseCommand } from '../command-line.ts'
import { type Argument, commandsOf } from '../commands.ts'
import { languages } from '../sentences.ts'
import { lineOf, readOptions } from './command-words.ts'
import { commandForm, formArguments, messageForm } from './forms.ts'
import { commandsHash } from './registration.ts'
import { optionName, slashCommands } from './slash-commands.ts'

const commands = commandsOf(verbs)
const say = languages.en!
const withForm = new Set(['propose', 'contribute'])
const registered = slashCommands(commands, withForm)

describe('slash commands', () => {
  it('offer every verb of members within the limits of Discord', () => {
    checkCommands(registered as Parameters<typeof checkCommands>[0])
    const names = registered.map(({ name }) => name)
    for (const { name } of commands) expect(names).toContain(name)
    for (const name of ['why', 'help', 'setup', 'model', 'cancel', 'say', 'mute', 'quiet'])
      expect(names).toContain(name)
    expect(registered.length).toBeLessThanOrEqual(100)
  })

  it('clip what a verb says at too great a length, and keep its words apart', () => {
    const argument = (name: string, part: Partial<Argument>): Argument => ({
      name,
      kind: 'text',
      required: false,
      choices: [],
      help: '🐝'.repeat(300),
      ...part,
    })
    const base = commands[0]!
    const long = {
      ...base,
      name: 'x'.repeat(60),
      summary: '🐝'.repeat(200),
      arguments: [
        argument('minimumImprovementOfEverythingThatCanBe', {}),
        argument('colour', {
          kind: 'choice',
          choices: Array.from({ length: 25 }, (_, at) => `${at}${'c'.repeat(200)}`),
        }),
        argument('shade', { kind: 'choice', choices: Array.from({ length: 26 }, (_, at) => `${at}`) }),
        ...Array.from({ length: 40 }, (_, at) => argument(`more${at}`, { required: at % 2 === 0 })),
      ],
    }
    checkCommands(slashCommands([long], withForm) as Parameters<typeof checkCommands>[0])
  })

  it('are told as the words that a person would have typed', () => {
    const options = [
      { name: 'data-wanted', type: 3 as const, value: 'hives' },
      { name: 'rows-wanted', type: 10 as const, value: 400 },
      { name: 'evaluation', type: 11 as const, value: '7' },
    ]
    const file = { id: '7', filename: 'a.csv', size: 3, url: 'http://127.0.0.1/a', proxy_url: '' }
    expect(readOptions('propose', options, { '7': file }, commands)).toEqual({
      words: { dataWanted: 'hives', rowsWanted: '400' },
      files: [{ argument: 'evaluation', attachment: file }],
    })
    expect(optionName('dataWanted')).toBe('data-wanted')
    const line = lineOf('propose', { name: 'bees', purpose: 'say "hi" \\ and \'bye\'\nrows=3' })
    expect(parseCommand(line, commands).input).toMatchObject({
      name: 'bees',
      purpose: 'say "hi" \\ and \'bye\'\nrows=3',
    })
  })

  it('hash alike as sent and as Discord gives them back', () => {
    const kept = registered.map((command, at) => ({
      description: '',
      default_member_permissions: null,
      ...command,
      id: String(at),
      version: '1',
    }))
    expect(commandsHash(kept.toReversed())).toBe(commandsHash(registered))
    expect(commandsHash(kept.slice(1))).not.toBe(commandsHash(registered))
  })
})

describe('forms', () => {
  it('fit what Discord shows, for every command that they open for', () => {
    for (const name of withForm) {
      const command = commands.find(known => known.name === name)!
      for (const gathering of [[], ['bees'], Array.from({ length: 30 }, (_, at) => `model-${at}`)]) {
        const asked = formArguments(command, {}, say)!
        checkModal(commandForm('form', command, asked, say, gathering) as Parameters<typeof checkModal>[0])
      }
    }
    const contribute = commands.find(({ name }) => name === 'contribute')!
    const form = messageForm('form', contribute, '🐝'.repeat(5_000), say, ['bees'])
    checkModal(form as Parameters<typeof checkModal>[0])
    expect(form.components.length).toBeLessThanOrEqual(5)
  })

  it('ask only for what was not told, and leave it to the conversation where that is too much', () => {
    const propose = commands.find(({ name }) => name === 'propose')!
    expect(formArguments(propose, { name: 'bees' }, say)?.map(({ name }) => name)).not.toContain('name')
    const many = {
      ...propose,
      arguments: propose.arguments.map(argument => ({ ...argument, required: true })),
    }
    expect(formArguments(many, {}, say)).toBeNull()
  })
})
