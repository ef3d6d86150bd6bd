import { newId } from './ids.ts'
import type { Log } from './log.ts'

/**
 * Logs what no code caught, under an incident's id: a rejected promise ends nothing, an exception still ends the process.
 * Names, codes and places only: what libraries put into their messages may quote people, and carry tokens.
 */
export const logWhatNobodyCaught = (log: Log): void => {
  const note =
    (event: string) =>
    (error: unknown): void => {
      const { name, code, stack } = error instanceof Error ? (error as NodeJS.ErrnoException) : {}
      const places = stack?.match(/^ {4}at .*$/gm)?.join('\n')
      log.error(event, { incident: newId(), kind: name ?? typeof error, code: code ?? null, places })
    }
  process.on('unhandledRejection', note('node.unhandled-rejection'))
  process.on('uncaughtExceptionMonitor', note('node.uncaught-exception'))
}
