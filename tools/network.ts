import { join } from 'node:path'
import { openBlobs } from '../infra/blobs.ts'
import { openChain } from '../infra/chain.ts'
import { networkClock } from '../infra/clock.ts'
import { openDatabase } from '../infra/db.ts'
import type { Settings } from '../infra/env.ts'
import { openFolder } from '../infra/folder.ts'
import { idFrom } from '../infra/ids.ts'
import { openKeys } from '../infra/keys.ts'
import { clearLeases } from '../infra/leases.ts'
import { openLog } from '../infra/log.ts'
import { openQueue } from '../infra/queue.ts'
import { receiptSigner } from '../infra/receipts.ts'
import { type EngineOptions, openEngine } from '../models/engine.ts'
import type { DownloadProgress } from '../models/hub/progress.ts'
import { resolveBase } from '../models/resolve-base.ts'
import type { Network } from './context.ts'
import type { JobName } from './jobs.ts'

/** Seconds one attempt of a training job may last: a day, far beyond any run of the embedded base. */
const TRAINING_SECONDS = 86_400

export interface OpenNetwork {
  readonly network: Network
  close(): Promise<void>
}

/**
 * Opens everything a node has, in order: the folder's lock, the database, the keys, the base model, the chain, the queues.
 * `say` hears one line before each slow step, `onDownload` how far a base from the hub has come. What was opened is closed again when a later step fails.
 * Throws the faults of its parts: `folder-in-use`, `folder-corrupt`, `base-corrupt`, `base-download`, `keys-corrupt`, `chain-in-use` ...
 */
export const openNetwork = async (
  settings: Settings,
  say: (line: string) => void = () => {},
  onDownload: (progress: DownloadProgress) => void = () => {},
): Promise<OpenNetwork> => {
  const opened: (() => Promise<unknown> | unknown)[] = []
  const closeAll = async (): Promise<void> => {
    for (const close of opened.splice(0).reverse()) await close()
  }
  const keep = <T>(thing: T, close: (thing: T) => Promise<unknown> | unknown): T => {
    opened.push(() => close(thing))
    return thing
  }
  try {
    const folder = keep(openFolder(settings.TRIBUTARY_DATA), item => item.release())
    // After the lock: a second start must not write into the first one's log.
    const log = openLog({ level: settings.LOG_LEVEL, destination: join(folder.path, 'log.jsonl') })
    // First: the database need not stay open for as long as a download takes.
    const base = await resolveBase(settings.TRIBUTARY_BASE, {
      cache: settings.TRIBUTARY_CACHE ?? join(folder.path, 'bases'),
      endpoint: settings.HF_ENDPOINT,
      token: settings.HF_TOKEN,
      hold: openFolder,
      onProgress: onDownload,
    })
    say('base model and the database')
    const where =
      settings.DATABASE_URL === undefined
        ? { folder: folder.part('database') }
        : { url: settings.DATABASE_URL }
    // Side by side: each takes seconds on a first start, on a core of its own.
    const [engine, db] = await openBoth(
      openEngine(engineOptions(base, settings)),
      openDatabase(where),
      opened,
    )
    if (db.engine === 'pglite') await clearLeases(db)
    const [offset] = await db.query<{ value: number }>(
      `select value from settings where key = 'clock-offset-ms'`,
    )
    const clock = networkClock(Number(offset?.value ?? 0))
    const receipts = receiptSigner(openKeys(folder.path).nodeKey)
    const blobs = await openBlobs(folder.part('blobs'))
    say('chain')
    const chain = keep(
      await openChain({
        db,
        folder: folder.path,
        clock,
        ...(settings.CHAIN_RPC_URL === undefined ? {} : { rpcUrl: settings.CHAIN_RPC_URL }),
        ...(settings.CHAIN_ID === undefined ? {} : { chainId: settings.CHAIN_ID }),
      }),
      item => item.close(),
    )
    const queue = keep(
      await openQueue(
        db,
        {
          lifecycle: {},
          settlement: {},
          curate: {},
          train: { expireSeconds: TRAINING_SECONDS },
          calibrate: { expireSeconds: TRAINING_SECONDS },
          attribute: {},
        } satisfies Record<JobName, object>,
        log,
      ),
      item => item.stop(),
    )
    const network: Network = { folder: folder.path, db, chain, engine, blobs, queue, receipts, clock, log }
    folder.part('adapters')
    await begin(network)
    for (const part of ['database', 'keys', 'blobs', 'adapters'])
      if (settings.DATABASE_URL === undefined || part !== 'database') folder.keep(part)
    log.info('node.opened', { folder: folder.path, engine: db.engine })
    return { network, close: closeAll }
  } catch (error) {
    await closeAll()
    throw error
  }
}

const engineOptions = (base: string, settings: Settings): EngineOptions => {
  const mebibytes = (count: number | undefined) => (count === undefined ? undefined : count * 2 ** 20)
  return {
    base,
    threads: settings.TRIBUTARY_THREADS,
    device: settings.TRIBUTARY_DEVICE,
    weights: settings.TRIBUTARY_WEIGHTS,
    adapterBytes: mebibytes(settings.TRIBUTARY_ADAPTERS_MIB),
    memoryBytes: mebibytes(settings.TRIBUTARY_MEMORY_MIB),
    serving: {
      rows: settings.TRIBUTARY_BATCH,
      queue: settings.TRIBUTARY_QUEUE,
      keyValueBytes: settings.TRIBUTARY_KV_MIB * 2 ** 20,
    },
  }
}

/** What every network has from its first start: the operator's account and the first epoch. */
const begin = async ({ db, clock }: Network): Promise<void> => {
  await db.query(
    `insert into epochs (number, state, opened_at) select 1, 'open', $1 where not exists (select 1 from epochs)`,
    [clock.now()],
  )
  await db.query(
    `insert into accounts (id, name, role, wallet, created_at) values ($1, 'operator', 'operator', 0, $2) on conflict (id) do nothing`,
    [idFrom('account', 'node', 'operator'), clock.now()],
  )
}

interface Closable {
  close(): Promise<void>
}

/** Waits for both; what was opened is on the list of things to close even where the other one failed. */
const openBoth = async <A extends Closable, B extends Closable>(
  first: Promise<A>,
  second: Promise<B>,
  opened: (() => Promise<unknown> | unknown)[],
): Promise<[A, B]> => {
  const settled = await Promise.allSettled([first, second])
  for (const item of settled) if (item.status === 'fulfilled') opened.push(() => item.value.close())
  for (const item of settled) if (item.status === 'rejected') throw item.reason
  return Promise.all([first, second])
}
