import { fault } from '../infra/errors.ts'
import { type Argument, byPosition, type Command, findCommand, usage } from './commands.ts'
import { parseRows } from './rows.ts'
import { type Word, wordsOf } from './words.ts'

/** What words may be left out, because the conversation says them: `/ask What is a nuc?` means the current model. */
export interface Defaults {
  /** Whether a word is a value of that argument (a known model's name, an answer's id). */
  known(argument: string, word: string): boolean
  /** The value where the word is left out. */
  value(argument: string): string | undefined
}

export const noDefaults: Defaults = { known: () => false, value: () => undefined }

export interface ParsedLine {
  readonly command: Command
  /** The verb's input as far as the line told it; not validated yet. */
  readonly input: Record<string, unknown>
  /** Required arguments the line did not tell. */
  readonly missing: readonly Argument[]
}

/**
 * Reads `/vote beekeeping yes` or `/pledge proposal=beekeeping tokens=5`: words by position or by `name=value`, quotes
 * around words with spaces; the last text argument takes the rest of the line as it stands.
 * Throws `command-unknown`, `argument-excess` and `argument-unreadable`.
 */
export const parseCommand = (
  line: string,
  commands: readonly Command[],
  defaults: Defaults = noDefaults,
): ParsedLine => {
  const [head, ...words] = wordsOf(line.trim().replace(/^\//, ''))
  const command = findCommand(commands, head?.text.toLowerCase() ?? '')
  if (command === undefined)
    throw fault('command-unknown', `There is no command "/${(head?.text ?? '').slice(0, 30)}".`, {
      fix: 'Type /help for the list.',
    })
  const input = readWords(line.trim().replace(/^\//, ''), words, command, defaults)
  for (const { name, required } of command.arguments) {
    const value = input[name] === undefined && required ? defaults.value(name) : undefined
    if (value !== undefined) input[name] = value
  }
  const missing = command.arguments.filter(({ name, required }) => required && input[name] === undefined)
  return { command, input, missing }
}
const readWords = (
  line: string,
  words: readonly Word[],
  command: Command,
  defaults: Defaults,
): Record<string, unknown> => {
  const input: Record<string, unknown> = {}
  const open = byPosition(command)
  const last = open.at(-1)
  // Free text after something else takes the rest of the line, quotes, equals signs and all.
  const takesRest = (argument: Argument) => argument === last && open.length > 1 && argument.kind === 'text'
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!
    const named = command.arguments.find(({ name }) => name.toLowerCase() === word.name?.toLowerCase())
    if (named !== undefined) {
      const rest = takesRest(named) && !word.quoted
      input[named.name] = readValue(named, rest ? line.slice(word.valueStart).trim() : word.value)
      if (rest) break
      continue
    }
    const unset = open.filter(argument => input[argument.name] === undefined)
    const argument = unset.find(argument => fits(argument, word.text, defaults)) ?? unset[0]
    if (argument === undefined)
      throw fault(
        'argument-excess',
        `"/${command.name}" does not know what to do with "${word.text.slice(0, 60)}".`,
        {
          fix: `Write it as ${usage(command)}.`,
        },
      )
    const only = words.length === at + 1 && word.quoted
    const rest = takesRest(argument) && !only
    input[argument.name] = readValue(argument, rest ? line.slice(word.start).trim() : word.text)
    if (rest) break
  }
  return input
}

/** Whether a word is meant for an argument, and not for a later one because the conversation says this one already. */
const fits = (argument: Argument, word: string, defaults: Defaults): boolean => {
  if (defaults.known(argument.name, word)) return true
  if (defaults.value(argument.name) !== undefined) return false
  return argument.kind !== 'choice' || choiceOf(argument, word) !== undefined
}

const yes = /^(y|yes|true|1|ok)$/i
const no = /^(n|no|false|0)$/i
const spoken: Readonly<Record<string, string>> = {
  up: '1',
  '+1': '1',
  '👍': '1',
  down: '-1',
  '👎': '-1',
  y: 'yes',
  n: 'no',
}

const choiceOf = (argument: Argument, text: string): string | undefined => {
  const word = text.trim().toLowerCase()
  return argument.choices.find(option => [word, spoken[word]].includes(option.toLowerCase()))
}

/** Turns what a person typed into the argument's value; the verb's schema judges it later. Throws `argument-unreadable`. */
export const readValue = (argument: Argument, text: string): unknown => {
  const unreadable = (wanted: string) =>
    fault('argument-unreadable', `"${text.slice(0, 60)}" cannot be the ${argument.name}.`, {
      fix: `Write ${wanted}.`,
    })
  switch (argument.kind) {
    case 'number':
      if (text.trim() === '' || !Number.isFinite(Number(text))) throw unreadable('a number, such as 10')
      return Number(text)
    case 'yes-no':
      if (yes.test(text.trim())) return true
      if (no.test(text.trim())) return false
      throw unreadable('yes or no')
    case 'choice': {
      const choice = choiceOf(argument, text)
      if (choice === undefined) throw unreadable(argument.choices.join(' or '))
      return /^-?\d+$/.test(choice) ? Number(choice) : choice
    }
    case 'list':
      return text
        .split(',')
        .map(part => part.trim())
        .filter(part => part !== '')
    case 'rows':
      // `@path` names a file; only the surface knows whether it may read one.
      return text.startsWith('@') ? text : parseRows(text)
    case 'record':
      return readRecord(text, unreadable)
    case 'text':
      return text
  }
}

const readRecord = (text: string, unreadable: (wanted: string) => Error): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    throw unreadable('a JSON object')
  }
}
