import { type ParseArgsOptionsConfig, parseArgs } from 'node:util'
import { safeText } from '../../bots/terminal-text.ts'
import { fault } from '../errors.ts'

/** One command of the program: `tributary NAME ...`. It returns the exit status. */
export interface Command {
  run(words: readonly string[]): Promise<number>
}

/** Prints one line on the standard output; what files and people say in it cannot move the cursor. */
export const say = (text: string): void => {
  process.stdout.write(`${safeText(text)}\n`)
}

/** Reads a command's options and positional words. Throws `option-invalid`. */
export const readOptions = <const T extends ParseArgsOptionsConfig>(words: readonly string[], options: T) => {
  try {
    return parseArgs({ args: [...words], allowPositionals: true, options })
  } catch (error) {
    throw fault('option-invalid', (error as Error).message, { fix: 'Run tributary help for the options.' })
  }
}
