import { fault } from '../infra/errors.ts'
import { type Defaults, type ParsedLine, readValue } from './command-line.ts'
import { type Command, findCommand } from './commands.ts'
import type { FilledCommand } from './session.ts'

/**
 * Reads a command whose arguments came by name: what is empty counts as left out, and what the conversation says is filled in.
 * Throws `command-unknown` and `argument-unreadable`.
 */
export const filledCommand = (
  { name, words }: FilledCommand,
  commands: readonly Command[],
  defaults: Defaults,
): ParsedLine => {
  const command = findCommand(commands, name)
  if (command === undefined)
    throw fault('command-unknown', `There is no command "/${name.slice(0, 30)}".`, {
      fix: 'Type /help for the list.',
    })
  const input: Record<string, unknown> = {}
  for (const argument of command.arguments) {
    const word = words[argument.name]?.trim() ?? ''
    const value = word === '' && argument.required ? defaults.value(argument.name) : undefined
    if (word !== '') input[argument.name] = readValue(argument, word)
    else if (value !== undefined) input[argument.name] = value
  }
  const missing = command.arguments.filter(
    argument => argument.required && input[argument.name] === undefined,
  )
  return { command, input, missing }
}
