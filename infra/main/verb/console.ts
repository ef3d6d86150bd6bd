import { readFile, writeFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { basename, resolve } from 'node:path'
import { createInterface } from 'node:readline/promises'
import type { Readable, Writable } from 'node:stream'
import { rowsFileText } from '../../../bots/files.ts'
import type { Reply } from '../../../bots/reply.ts'
import { type Look, terminalText } from '../../../bots/terminal-text.ts'
import { fault } from '../../errors.ts'

/** Where a command reads and writes. */
export interface Console {
  readonly input: Readable & { isTTY?: boolean }
  readonly output: Writable & { isTTY?: boolean; columns?: number }
  readonly errors: Writable
  readonly environment: Readonly<Record<string, string | undefined>>
  /** The user's name on this machine. */
  readonly user: string
}

export const processConsole = (): Console => ({
  input: process.stdin,
  output: process.stdout,
  errors: process.stderr,
  environment: process.env,
  user: userInfo().username,
})

const lookOf = ({ output, environment }: Console): Look => ({
  columns: Math.max(40, output.columns ?? 100),
  colour: output.isTTY === true && (environment.NO_COLOR ?? '') === '' && environment.TERM !== 'dumb',
})

/** Prints a reply as the terminal chat would, with its choices as commands of the shell. A file is saved where the person is. */
export const print = async (console: Console, reply: Reply, to: Writable = console.output): Promise<void> => {
  if (reply.kind === 'file') await save(resolve(basename(reply.name)), reply.bytes)
  to.write(terminalText(reply.kind === 'choices' ? asCommands(reply) : reply, lookOf(console)))
}

/** Never over another file. */
const save = async (path: string, bytes: Uint8Array): Promise<void> => {
  await writeFile(path, bytes, { flag: 'wx', mode: 0o600 }).catch((cause: unknown) => {
    throw fault('file-not-saved', `The file ${path} could not be written.`, {
      fix: 'Move away the one that is there, or run this in another folder.',
      cause,
    })
  })
}

const asCommands = (reply: Extract<Reply, { kind: 'choices' }>): Reply => ({
  ...reply,
  choices: reply.choices.map(choice => ({ ...choice, line: choice.line.replace(/^\//, 'tributary ') })),
})

/** Asks a person for a yes. */
export const confirmed = async ({ input, output }: Console, question: string): Promise<boolean> => {
  const lines = createInterface({ input, output })
  try {
    return /^\s*(y|yes)\s*$/i.test(await lines.question(`${question} [y/N] `))
  } finally {
    lines.close()
  }
}

/** The text of a file of rows, whatever its kind. */
export const rowsText = async (path: string): Promise<string> =>
  rowsFileText(basename(path), await readFile(path))
