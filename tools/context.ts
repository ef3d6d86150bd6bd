import type { Blobs } from '../infra/blobs.ts'
import type { Chain } from '../infra/chain.ts'
import type { NetworkClock } from '../infra/clock.ts'
import type { Database, Db } from '../infra/db.ts'
import type { Log } from '../infra/log.ts'
import type { Queue } from '../infra/queue.ts'
import type { ReceiptSigner } from '../infra/receipts.ts'
import type { Engine } from '../models/engine.ts'

/** Everything a node has: opened once by the composition root, handed to every verb. */
export interface Network {
  readonly folder: string
  readonly db: Database
  readonly chain: Chain
  readonly engine: Engine
  readonly blobs: Blobs
  readonly queue: Queue
  readonly receipts: ReceiptSigner
  readonly clock: NetworkClock
  readonly log: Log
}

/** Who may call a verb. `member` is a person with an account; the four agents and the operator have roles of their own. */
export type Role = 'anyone' | 'member' | 'operator' | 'curator' | 'trainer' | 'attributor' | 'treasurer'

export interface Caller {
  readonly role: Role
  /** The account that acts; null for `anyone` and for the agents. */
  readonly accountId: string | null
  /** Where the call came from: terminal, web, cli, tour, agent, openai, api, mcp, a2a. */
  readonly surface: string
  /** The API key that speaks for the account; absent where the person does so themselves. */
  readonly key?: CallerKey | undefined
  /** The request that it came by, for the audit. */
  readonly requestId?: string | undefined
}

/** What an API key may do: `ask` questions, or call verbs of that effect. */
export type Scope = 'ask' | 'read' | 'write' | 'money' | 'vote'

export interface CallerKey {
  readonly id: string
  readonly scopes: readonly Scope[]
  /** Whether it may spend only so much. */
  readonly budgeted?: boolean | undefined
}

/** What a long call says while it runs; surfaces show it, nothing depends on it. */
export type Update =
  | { readonly kind: 'text'; readonly text: string }
  | {
      readonly kind: 'progress'
      readonly step: number
      readonly steps: number
      readonly loss?: number
      readonly tokensPerSecond?: number
      readonly secondsLeft?: number
    }

/** What a verb gets beside its input. */
export interface Context extends Network {
  readonly caller: Caller
  /** The idempotency key of this call; the keys of chain calls and transfers are made from it. */
  readonly key: string
  readonly signal: AbortSignal | undefined
  emit(update: Update): void
  /** Whether somebody hears what is emitted. */
  readonly heard: boolean
  /**
   * Runs `work` in one transaction and stores its result under the idempotency key in the same transaction, so that a
   * repeated call returns that result and changes nothing. A verb that writes calls it once, as its last act.
   */
  commit<T extends object>(work: (tx: Db) => Promise<T>): Promise<T>
}
