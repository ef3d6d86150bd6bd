import { safeText } from '../bots/terminal-text.ts'
import { TributaryError } from './errors.ts'
import { newId } from './ids.ts'
import { type Command, say } from './main/command.ts'
import { help } from './main/help.ts'

/** Each command loads what it needs when it is called: `verify` opens no engine. */
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  start: async () => (await import('./main/start.ts')).start,
  tour: async () => (await import('./main/start.ts')).tour,
  verify: async () => (await import('./main/verify.ts')).verify,
  doctor: async () => (await import('./main/doctor.ts')).doctor,
  quickstart: async () => (await import('./main/quickstart.ts')).quickstart,
  import: async () => (await import('./main/import.ts')).importThing,
  export: async () => (await import('./main/export.ts')).exportThing,
  mcp: async () => (await import('./main/mcp.ts')).mcp,
}

const main = async ([name = 'start', ...words]: readonly string[]): Promise<number> => {
  const load = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (name === 'help' || name === '--help' || (load !== undefined && words.includes('--help'))) {
    say(help)
    if (name === 'help') say((await import('./main/verb.ts')).verbList())
    return 0
  }
  return load === undefined
    ? (await import('./main/verb.ts')).runVerb([name, ...words])
    : (await load()).run(words)
}

main(process.argv.slice(2)).then(
  code => process.exit(code),
  (error: unknown) => {
    if (error instanceof TributaryError && error.blame !== 'ours')
      process.stderr.write(`${safeText(error.message)}\n${safeText(error.fix)}\n`)
    else {
      const incident = newId()
      process.stderr.write(
        `Something went wrong that should not (incident ${incident}).\n${error instanceof Error ? error.stack : String(error)}\n`,
      )
    }
    process.exit(1)
  },
)
