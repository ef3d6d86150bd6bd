import type { Log } from '../../infra/log.ts'
import type { Chats } from '../../tools/chats.ts'
import type { Bot } from '../session.ts'
import type { Budgets } from './budgets.ts'
import type { Wait } from './deliver.ts'
import type { Platform } from './platform.ts'

/** What every answer of one desk needs. */
export interface Workplace {
  readonly bot: Bot
  readonly chats: Chats
  readonly platform: Platform
  readonly log: Log
  readonly budgets: Budgets
  readonly wait: Wait
  /** Waits between tries of a platform that cannot be reached; others are answered meanwhile. */
  readonly backOff: Wait
  readDocument(name: string, bytes: Uint8Array): Promise<string>
}

/** `stop`: wait for nothing any more; `interrupt`: leave at once what is under way. */
export interface Signals {
  readonly stop: AbortSignal
  readonly interrupt: AbortSignal
}
