import { pino } from 'pino'

/** Facts of a log line: ids, numbers and enums. A person's text never goes in; keys and signatures are redacted by name. */
export type LogFacts = Readonly<Record<string, string | number | boolean | null | undefined | Error>>

export interface Log {
  info(event: string, facts?: LogFacts): void
  warn(event: string, facts?: LogFacts): void
  error(event: string, facts?: LogFacts): void
  with(facts: LogFacts): Log
}

const secretNames = [
  'key',
  'seed',
  'mnemonic',
  'secret',
  'token',
  'password',
  'authorization',
  'signature',
  'privateKey',
  'question',
  'answer',
  'text',
  // Of an error of the database: the row that was refused.
  'detail',
]

/** API keys that got into an error's text, whoever wrote it: only their public part stays. */
const withoutKeys = (line: string): string => line.replace(/(trib_[a-z0-9]+_)[\w-]{43}/g, '$1[redacted]')

const wrap = (logger: pino.Logger): Log => ({
  info: (event, facts) => logger.info({ ...facts, event }),
  warn: (event, facts) => logger.warn({ ...facts, event }),
  error: (event, facts) => logger.error({ ...facts, event }),
  with: facts => wrap(logger.child(facts)),
})

/**
 * Opens the log: one JSON line per state change on `destination` (a file path, or standard error).
 * Values under names that could hold a secret or a person's words are replaced by `[redacted]`, two levels deep.
 */
export const openLog = (options: {
  level: 'debug' | 'info' | 'warn' | 'error' | 'silent'
  destination?: string
}): Log => {
  const paths = secretNames.flatMap(name => [name, `*.${name}`])
  const target =
    options.destination === undefined
      ? pino.destination({ dest: 2, sync: true })
      : pino.destination({ dest: options.destination, mkdir: true, sync: true })
  return wrap(
    pino(
      {
        level: options.level,
        base: null,
        serializers: { error: pino.stdSerializers.err },
        redact: { paths, censor: '[redacted]' },
        hooks: { streamWrite: withoutKeys },
        timestamp: pino.stdTimeFunctions.isoTime,
      },
      target,
    ),
  )
}

/** A log that says nothing, for tests. */
export const silentLog: Log = { info: () => {}, warn: () => {}, error: () => {}, with: () => silentLog }
