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
}

const main = async ([name = 'start', ...words]: readonly string[]): Promise<number> => {
  if (name === 'help' || [name, ...words].includes('--help')) {
    say(help)
    return 0
  }
  const load = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (load !== undefined) return (await load()).run(words)
  process.stderr.write(`There is no command "${name}".\n\n${help}`)
  return 2
}

main(process.argv.slice(2)).then(
  code => process.exit(code),
  (error: unknown) => {
    if (error instanceof TributaryError && error.blame !== 'ours')
      process.stderr.write(`${error.message}\n${error.fix}\n`)
    else {
      const incident = newId()
      process.stderr.write(
        `Something went wrong that should not (incident ${incident}).\n${error instanceof Error ? error.stack : String(error)}\n`,
      )
    }
    process.exit(1)
  },
)
