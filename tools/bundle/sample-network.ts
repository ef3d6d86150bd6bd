import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { z } from 'zod'
import { openBlobs } from '../../infra/blobs.ts'
import { sha256Hex } from '../../infra/canonical.ts'
import { openChain } from '../../infra/chain.ts'
import { networkClock } from '../../infra/clock.ts'
import { newId } from '../../infra/ids.ts'
import { openKeys } from '../../infra/keys.ts'
import { silentLog } from '../../infra/log.ts'
import type { Queue } from '../../infra/queue.ts'
import { receiptSigner } from '../../infra/receipts.ts'
import { openTestDatabase } from '../../infra/testing/database.ts'
import type { Engine } from '../../models/engine.ts'
import type { Caller, Network, Role } from '../context.ts'
import { call, type Verb } from '../registry.ts'

/** A real database, chain and key in a folder of their own; only the model and the queue stand still. */
export interface SampleNetwork {
  readonly network: Network
  /** Calls verbs as a role, or as the member with that account id. */
  as(
    who: string,
    on?: Network,
  ): <I extends z.ZodType, O extends z.ZodType>(
    verb: Verb<I, O>,
    input: z.input<I>,
    key?: string,
  ) => Promise<z.output<O>>
  remove(): Promise<void>
}

const standingEngine = {
  base: { name: 'sample', hash: sha256Hex('sample base'), config: { vocabulary: 256 }, dim: 8 },
  encode: (text: string) => [...Buffer.from(text)],
  // Nats over the answer's bytes: the adapter halves the base's loss.
  losses: async (examples: readonly { answer: string }[], adapter: string | null) => {
    const tokens = Uint32Array.from(examples, ({ answer }) => answer.length + 1)
    const perToken = adapter === null ? 2 : 1
    return { nats: Float64Array.from(tokens, count => count * perToken), tokens, perToken }
  },
  generate: async () => ({
    text: 'Feed them sugar syrup.',
    tokens: [1, 2, 3],
    logProbs: [-1, -1, -1],
    promptTokens: 5,
    finish: 'stop',
  }),
} as unknown as Engine

const standingQueue = { add: async () => null } as unknown as Queue

const roles: readonly string[] = ['anyone', 'operator', 'curator', 'trainer', 'attributor', 'treasurer']

export const openSampleNetwork = async (engine: Engine = standingEngine): Promise<SampleNetwork> => {
  const folder = mkdtempSync(join(tmpdir(), 'tributary-bundle-'))
  const { database: db, remove } = await openTestDatabase()
  const clock = networkClock()
  const chain = await openChain({ db, folder, clock })
  const network: Network = {
    folder,
    db,
    chain,
    clock,
    engine,
    blobs: await openBlobs(join(folder, 'blobs')),
    queue: standingQueue,
    receipts: receiptSigner(openKeys(folder).nodeKey),
    log: silentLog,
  }
  await db.query(`insert into epochs (number, state, opened_at) values (1, 'open', $1)`, [clock.now()])
  await db.query(
    `insert into accounts (id, name, role, wallet, created_at) values ($1, 'operator', 'operator', 0, $2)`,
    [newId(), clock.now()],
  )
  return {
    network,
    as: (who, on = network) => {
      const caller: Caller = roles.includes(who)
        ? { role: who as Role, accountId: null, surface: 'test' }
        : { role: 'member', accountId: who, surface: 'test' }
      return (verb, input, key) => call(on, caller, verb, input, key === undefined ? {} : { key })
    },
    remove: async () => {
      await chain.close()
      await remove()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
