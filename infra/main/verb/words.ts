import type { Command } from '../../../bots/commands.ts'

/** What `tributary VERB ...` takes beside the verb's own words. */
export interface Flags {
  readonly operator: boolean
  readonly yes: boolean
  readonly json: boolean
  readonly help: boolean
}

/** Takes the flags out of a command's words; after `--` every word is the verb's. */
export const readFlags = (given: readonly string[]): { flags: Flags; words: string[] } => {
  const end = given.indexOf('--')
  const before = end < 0 ? given : given.slice(0, end)
  const known = ['--operator', '--yes', '--json', '--help']
  const has = (flag: string): boolean => before.includes(flag)
  return {
    flags: { operator: has('--operator'), yes: has('--yes'), json: has('--json'), help: has('--help') },
    words: [...before.filter(word => !known.includes(word)), ...(end < 0 ? [] : given.slice(end + 1))],
  }
}

/**
 * The line that a person would type in a chat for words that a shell has taken apart already: each word stays one, and a
 * lone `@file` is the rows of the command that takes some.
 */
export const lineOf = (command: Command, words: readonly string[]): string => {
  const rows = command.arguments.find(({ kind }) => kind === 'rows')
  const named = words.map(word =>
    rows !== undefined && word.startsWith('@') && word.length > 1 ? `${rows.name}=${word}` : word,
  )
  return [`/${command.name}`, ...named.map(word => quoted(command, word))].join(' ')
}

const quoted = (command: Command, word: string): string => {
  const [, name = '', value = ''] = /^([A-Za-z][A-Za-z0-9]*)=(.*)$/s.exec(word) ?? []
  const known = command.arguments.some(argument => argument.name.toLowerCase() === name.toLowerCase())
  if (known) return `${name}=${quote(value)}`
  return /^[^\s"'“\\=]+$/.test(word) ? word : quote(word)
}

const quote = (text: string): string => `"${text.replace(/[\\"]/g, '\\$&')}"`
