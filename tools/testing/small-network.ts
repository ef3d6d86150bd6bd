// Long: one network, row by row, in the order in which it came to be.
import { standingClock } from '../../infra/clock.ts'
import { idFrom } from '../../infra/ids.ts'
import { append } from '../../infra/ledger.ts'
import { silentLog } from '../../infra/log.ts'
import { openTestDatabase } from '../../infra/testing/database.ts'
import type { EngineStatus } from '../../models/engine.ts'
import type { Caller, Network } from '../context.ts'

export const NOW = new Date('2026-03-01T12:00:00.000Z')

/** The ids of a small network's rows. */
export const ids = {
  ann: idFrom('test', 'ann'),
  bob: idFrom('test', 'bob'),
  bees: idFrom('test', 'bees'),
  wasps: idFrom('test', 'wasps'),
  submission: idFrom('test', 'submission'),
  row: (number: number) => idFrom('test', 'row', String(number)),
  snapshot: idFrom('test', 'snapshot'),
  run: idFrom('test', 'run'),
  evaluation: idFrom('test', 'evaluation'),
  release: idFrom('test', 'release'),
  answer: idFrom('test', 'answer'),
  receipt: idFrom('test', 'receipt'),
  ballotReceipt: idFrom('test', 'ballot-receipt'),
}

export const as = (accountId: string): Caller => ({ role: 'member', accountId, surface: 'test' })
export const anyone: Caller = { role: 'anyone', accountId: null, surface: 'test' }

export interface SmallNetwork {
  readonly network: Network
  remove(): Promise<void>
}

const terms = (name: string) => ({
  name,
  purpose: 'Answers questions of new beekeepers.',
  base: { name: 'base', hash: 'b0' },
  dataWanted: 'Questions about hives.',
  licences: ['CC0-1.0'],
  rowsWanted: 10,
  evaluation: { blob: 'e0', rows: 20, minimumImprovement: 10 },
  split: { contributors: 60, proposer: 15, compute: 10, reviewers: 5, commons: 5, protocol: 5 },
  priceUnits: '50000',
  bondUnits: '25000000',
})

/**
 * A real database with one released model (bees: Ann proposed it, Bob gave three rows, Ann asked once) and one proposal in
 * its vote (wasps), written as plain rows; engine and chain only tell a name, an address and a balance.
 */
export const openSmallNetwork = async (): Promise<SmallNetwork> => {
  const { database: db, remove } = await openTestDatabase()
  const insert = async (table: string, row: Record<string, unknown>): Promise<void> => {
    const names = Object.keys(row)
    const places = names.map((_, at) => `$${at + 1}`).join(', ')
    await db.query(`insert into ${table} (${names.join(', ')}) values (${places})`, Object.values(row))
  }
  for (const [wallet, [id, name]] of [
    [ids.ann, 'Ann'],
    [ids.bob, 'Bob'],
  ].entries())
    await insert('accounts', { id, name, wallet: wallet + 1, created_at: NOW })
  await insert('epochs', {
    number: 1,
    state: 'active',
    income_units: 50_000n,
    paid_units: 30_000n,
    opened_at: NOW,
    tx: '0xe1',
    root: 'e1',
  })
  await insert('epochs', {
    number: 2,
    state: 'posted',
    opened_at: NOW,
    active_after: NOW,
    tx: '0xe2',
    root: 'e2',
  })
  for (const [id, name, state] of [
    [ids.bees, 'bees', 'serving'],
    [ids.wasps, 'wasps', 'voting'],
  ])
    await insert('proposals', {
      id,
      name,
      proposer_id: ids.ann,
      state,
      terms: JSON.stringify(terms(name as string)),
      terms_hash: 't0',
      evaluation_blob: 'e0',
      bond_units: 25_000_000n,
      price_units: 50_000n,
      closes_at: NOW,
      bond_tx: '0xb0',
      created_at: name === 'bees' ? new Date(NOW.getTime() - 1000) : NOW,
    })
  await insert('polls', {
    proposal_id: ids.bees,
    root: 'p0',
    ballots: 1,
    yes_units: 7n,
    no_units: 0n,
    passed: true,
    file_blob: 'f0',
    tx: '0x01',
    closed_at: NOW,
  })
  await insert('voting_power', { proposal_id: ids.wasps, account_id: ids.bob, weight_units: 5n })
  await insert('pledges', {
    id: idFrom('test', 'pledge'),
    proposal_id: ids.bees,
    account_id: ids.bob,
    units: 10n,
    tx: '0x02',
    created_at: NOW,
  })
  await insert('submissions', {
    id: ids.submission,
    proposal_id: ids.bees,
    account_id: ids.bob,
    rows: 3,
    state: 'curated',
    received_at: NOW,
  })
  for (const [number, state, reason, first] of [
    [1, 'accepted', null, null],
    [2, 'accepted', null, null],
    [3, 'refused', 'duplicate', ids.row(1)],
  ] as const)
    await insert('contributions', {
      id: ids.row(number),
      submission_id: ids.submission,
      proposal_id: ids.bees,
      account_id: ids.bob,
      question: `Question ${number}?`,
      answer: `Answer ${number}.`,
      licence: 'CC0-1.0',
      content_hash: `c${number}`,
      state,
      reason,
      message: reason && 'It says what an earlier row says.',
      fix: null,
      first_id: first,
      received_at: NOW,
    })
  await insert('snapshots', {
    id: ids.snapshot,
    proposal_id: ids.bees,
    root: 's0',
    rows: 2,
    licences: '{}',
    anchor_tx: '0x03',
    created_at: NOW,
  })
  for (const position of [0, 1])
    await insert('snapshot_rows', {
      snapshot_id: ids.snapshot,
      position,
      contribution_id: ids.row(position + 1),
      cluster: position,
      canonical: true,
      leaf: `l${position}`,
    })
  await insert('runs', {
    id: ids.run,
    proposal_id: ids.bees,
    snapshot_id: ids.snapshot,
    recipe: '{"rank": 8}',
    state: 'trained',
    adapter_hash: 'a0',
    created_at: NOW,
    started_at: NOW,
    ended_at: NOW,
    progress: JSON.stringify({
      step: 3,
      steps: 3,
      loss: 1.5,
      tokens: 30,
      tokensPerSecond: 10,
      secondsLeft: 0,
    }),
    result: JSON.stringify({
      steps: 3,
      tokens: 30,
      tokensPerSecond: 10,
      seconds: 3,
      firstLoss: 3,
      lastLoss: 1.5,
    }),
  })
  for (const step of [1, 2, 3])
    await insert('run_steps', { run_id: ids.run, step, loss: 3 - step / 2, tokens_per_second: 10 })
  await insert('evaluations', {
    id: ids.evaluation,
    run_id: ids.run,
    rows: 20,
    base_loss: 3,
    adapter_loss: 2,
    gain: 0.5,
    passed: true,
    hash: 'h0',
    created_at: NOW,
  })
  await insert('releases', {
    id: ids.release,
    proposal_id: ids.bees,
    version: 1,
    run_id: ids.run,
    snapshot_id: ids.snapshot,
    evaluation_id: ids.evaluation,
    adapter_hash: 'a0',
    commit_tx: '0x04',
    release_tx: '0x05',
    created_at: NOW,
  })
  await insert('answers', {
    id: ids.answer,
    release_id: ids.release,
    account_id: ids.ann,
    epoch: 1,
    question: 'What is a nuc?',
    answer: 'A small hive.',
    state: 'answered',
    price_units: 50_000n,
    seed: 1n,
    salt: Buffer.alloc(32),
    receipt_id: ids.receipt,
    asked_at: NOW,
    answered_at: NOW,
  })
  await insert('shares', { answer_id: ids.answer, account_id: ids.bob, share: 0.75 })
  await insert('feedback', {
    id: idFrom('test', 'feedback'),
    answer_id: ids.answer,
    account_id: ids.ann,
    thumb: 1,
    given_at: NOW,
  })
  for (const [epoch, units] of [
    [1, 30_000n],
    [2, 12_000n],
  ])
    await insert('payouts', { epoch, account_id: ids.bob, kind: 'contributor', units, provisional: true })
  await insert('claims', {
    id: idFrom('test', 'claim'),
    account_id: ids.bob,
    epoch: 1,
    units: 20_000n,
    cumulative_units: 20_000n,
    tx: '0x06',
    claimed_at: NOW,
  })
  await db.tx(async tx => {
    await append(tx, {
      at: NOW,
      kind: 'account.opened',
      actor: ids.bob,
      subject: ids.bob,
      payload: { platform: 'test' },
    })
    await append(tx, {
      at: NOW,
      kind: 'ballot.cast',
      actor: ids.bob,
      subject: ids.wasps,
      payload: { choice: 'yes', salt: 'x1' },
    })
    await append(tx, {
      at: NOW,
      kind: 'answer.given',
      actor: ids.ann,
      subject: ids.answer,
      payload: { receipt: ids.receipt, tx: '0x07' },
    })
  })
  const receipt = (id: string, kind: string, body: object) =>
    insert('receipts', {
      id,
      kind,
      body: JSON.stringify({ at: NOW, body, event: null, id, kind }),
      signature: 'sig',
      key_id: 'key',
      at: NOW,
    })
  await receipt(ids.receipt, 'answer', { answer: ids.answer })
  await receipt(ids.ballotReceipt, 'ballot', {
    proposal: ids.wasps,
    account: ids.bob,
    choice: 'yes',
    salt: 'x1',
  })
  const network = {
    db,
    clock: { ...standingClock(NOW), offsetMs: 0 },
    log: silentLog,
    engine: { base: { name: 'base', hash: 'b0' }, status: () => engineStatus },
    chain: {
      address: (wallet: number) => `0xwallet${wallet}`,
      balance: async () => 99n,
      disputeWindowSeconds: 600,
      paymentTerms: async () => ({
        chainId: 711_770,
        token: `0x${'70'.repeat(20)}`,
        treasury: `0x${'71'.repeat(20)}`,
        domain: { name: 'Tributary Credit', version: '1' },
        time: 0n,
      }),
    },
  } as unknown as Network
  return { network, remove }
}

const engineStatus: EngineStatus = {
  device: 'cpu',
  weights: 'float32',
  threads: 2,
  embedding: 'e0',
  sessions: 1,
  baseBytes: 32 * 2 ** 20,
  packedBytes: 32 * 2 ** 20,
  adapters: 1,
  adapterBytes: 2 ** 20,
  merged: 0,
  mergedBytes: 0,
  serving: {
    running: 0,
    waiting: 0,
    keyValueBytes: 0,
    bankBytes: 0,
    prefixBytes: 0,
    prefixHits: 0,
  },
  processBytes: 400 * 2 ** 20,
}
