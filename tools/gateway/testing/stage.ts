import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { z } from 'zod'
import { openBlobs } from '../../../infra/blobs.ts'
import { openKeys } from '../../../infra/keys.ts'
import { transfer } from '../../../infra/money.ts'
import type { Queue } from '../../../infra/queue.ts'
import { receiptSigner } from '../../../infra/receipts.ts'
import { asUnits } from '../../../infra/units.ts'
import { adapterFolder } from '../../adapter.ts'
import { scopes } from '../../api-keys.ts'
import type { Network } from '../../context.ts'
import { issueKey } from '../../issue-key.ts'
import { call, type Verb } from '../../registry.ts'
import { as, ids, NOW, openSmallNetwork } from '../../testing/small-network.ts'
import { verbs as allVerbs } from '../../verbs.ts'
import type { GateSettings } from '../gate.ts'
import { openGateway } from '../gateway.ts'
import { openServer } from '../server.ts'
import { echo, type Script, scriptedEngine } from './scripted-engine.ts'

export interface Stage {
  readonly network: Network
  /** Of the node, with a slash at the end. */
  readonly url: string
  /** Jobs that were added, as `name` and data. */
  readonly jobs: { name: string; data: unknown }[]
  /** What the model says from now on. */
  script: Script
  /** An API key of Ann's, with every scope unless told: what `issue-key` takes, without a name. */
  key(options?: Partial<z.input<(typeof issueKey)['input']>> & { accountId?: string }): Promise<string>
  close(): Promise<void>
}

export interface StageOptions {
  readonly settings?: Partial<GateSettings>
  readonly verbs?: readonly Verb[]
  readonly network?: Partial<Network>
  /** In place of the scripted model. */
  readonly engine?: Partial<Network['engine']>
  /** What Ann has prepaid, units. */
  readonly prepaid?: bigint
}

/** What Ann has prepaid: twenty questions at the price of `bees`. */
export const PREPAID = asUnits(1_000_000n)

/**
 * The gateway on a free port of the loopback, over the small network with a scripted model: `bees` can be asked (0.05 tokens
 * a question), Ann has a prepaid balance, epoch 3 is open. The chain is the small network's, which only tells addresses.
 */
export const openStage = async (options: StageOptions = {}): Promise<Stage> => {
  const { network: small, remove } = await openSmallNetwork()
  const folder = await mkdtemp(join(tmpdir(), 'tributary-gateway-'))
  const jobs: Stage['jobs'] = []
  const stage: { script: Script } = { script: echo }
  const network = {
    ...small,
    folder,
    blobs: await openBlobs(join(folder, 'blobs')),
    receipts: receiptSigner(openKeys(folder).nodeKey),
    queue: {
      add: async (_tx, name, data) => {
        jobs.push({ name, data })
        return null
      },
    } as Pick<Queue, 'add'>,
    engine: { ...small.engine, ...scriptedEngine(request => stage.script(request)), ...options.engine },
    ...options.network,
  } as Network
  await release(network, 'weights')
  await network.db.query(`insert into epochs (number, state, opened_at) values (3, 'open', $1)`, [NOW])
  await transfer(network.db, {
    key: 'stage',
    from: 'chain:treasury',
    to: `balance:${ids.ann}`,
    units: asUnits(options.prepaid ?? PREPAID),
    reason: 'deposit',
    at: NOW,
  })
  const gateway = await openGateway(network, options.verbs ?? allVerbs, {
    TRIBUTARY_ANONYMOUS_RATE: 100_000,
    TRIBUTARY_CORS: [],
    TRIBUTARY_WEBHOOKS: 'anywhere',
    X402_FACILITATOR_URL: undefined,
    ...options.settings,
  })
  const server = await openServer((request, bindings) => gateway.fetch(request, bindings), { port: 0 })
  await gateway.opened(server)
  return Object.assign(stage, {
    network,
    url: server.url,
    jobs,
    key: async ({ accountId = ids.ann, ...options } = {}) => {
      const wanted = { name: 'test', scopes: [...scopes], ratePerMinute: 60_000, ...options }
      const { key } = await call(network, as(accountId), issueKey, wanted)
      return key ?? ''
    },
    close: async () => {
      await server.close(() => void gateway.close())
      await remove()
      await rm(folder, { recursive: true, force: true })
    },
  })
}

/** Gives the release of `bees` weights that have the hash it names. */
const release = async ({ db, folder }: Network, weights: string): Promise<void> => {
  const hash = createHash('sha256').update(weights).digest('hex')
  const at = adapterFolder(folder, hash)
  await mkdir(at, { recursive: true })
  await writeFile(join(at, 'adapter_model.safetensors'), weights)
  await writeFile(join(at, 'adapter_config.json'), '{}')
  await db.query('update releases set adapter_hash = $1', [hash])
}
