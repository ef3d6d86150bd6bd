import { z } from 'zod'
import type { Hex } from '../../infra/chain-api.ts'

const text = z.string().max(500)
const hash = z.string().regex(/^[0-9a-f]{64}$/)
const hex = (digits: string) =>
  z
    .string()
    .regex(new RegExp(`^0x[0-9a-fA-F]${digits}$`))
    .transform(value => value as Hex)
const transaction = hex('{64}')
const address = hex('{40}')
// 20 digits hold every 64-bit integer, and keep a hostile line from being a number that takes minutes to read.
const whole = z
  .string()
  .regex(/^-?\d{1,20}$/)
  .transform(BigInt)
const time = z
  .string()
  .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  .refine(value => !Number.isNaN(Date.parse(value)))
const id = z.uuid()
const counter = z.int().min(0)
const percent = z.int().min(0).max(100)

/** One line of each `<name>.jsonl`. Amounts are units (10^-6 token) as decimal text; nothing here is text that a person wrote. */
export const recordSchemas = {
  /** Ledger events; payload and salt are null where they were erased or are still sealed. */
  events: z.strictObject({
    seq: whole,
    at: time,
    kind: text,
    actor: text,
    subject: text,
    payload: z.unknown(),
    salt: hash.nullable(),
    payloadHash: hash,
    prevHash: hash,
    hash,
  }),
  anchors: z.strictObject({
    fromSeq: whole,
    toSeq: whole,
    root: hash,
    tx: transaction.nullable(),
    at: time,
  }),
  receipts: z.strictObject({
    id,
    kind: text,
    receipt: z.string(),
    signature: text,
    keyId: text,
    eventSeq: whole.nullable(),
    at: time,
  }),
  /** Double entry; `key` is its idempotency key, hashed (`shownKey`) where a caller chose it. */
  transfers: z.strictObject({
    id,
    key: text,
    from: text,
    to: text,
    units: whole,
    reason: text,
    at: time,
    entries: z.array(z.strictObject({ account: text, units: whole })).max(100),
  }),
  proposals: z.strictObject({
    id,
    name: text,
    proposer: id,
    state: text,
    /** Those that no vote made are in the ledger, and not in the chain's registry. */
    origin: z.enum(['voted', 'own', 'imported']).default('voted'),
    termsHash: hash,
    base: hash,
    evaluation: hash,
    /** Percent; how the income of its releases is divided. */
    split: z.strictObject({
      contributors: percent,
      proposer: percent,
      compute: percent,
      reviewers: percent,
      commons: percent,
      protocol: percent,
    }),
    bondUnits: whole,
    priceUnits: whole,
    closesAt: time,
    tx: transaction.nullable(),
  }),
  pledges: z.strictObject({ id, proposal: id, account: id, units: whole, tx: transaction }),
  polls: z.strictObject({
    proposal: id,
    root: hash,
    ballots: counter,
    yesUnits: whole,
    noUnits: whole,
    passed: z.boolean(),
    file: hash,
    tx: transaction,
    at: time,
  }),
  /** Ballots of counted polls, by proposal and account. */
  ballots: z.strictObject({
    proposal: id,
    account: id,
    choice: z.enum(['yes', 'no']),
    weightUnits: whole,
    salt: text,
    receipt: id,
  }),
  /** What every account could vote with in a counted poll. */
  power: z.strictObject({ proposal: id, account: id, weightUnits: whole }),
  snapshots: z.strictObject({
    id,
    proposal: id,
    root: hash,
    rows: counter,
    licences: z.record(text, counter),
    tx: transaction.nullable(),
    at: time,
  }),
  /** Rows of snapshots in their frozen order, by salted hash. */
  rows: z.strictObject({
    snapshot: id,
    position: counter,
    contribution: id,
    account: id,
    contentHash: hash,
    licence: text,
    cluster: counter,
    canonical: z.boolean(),
    withdrawn: z.boolean(),
    leaf: hash,
  }),
  evaluations: z.strictObject({
    id,
    run: id,
    snapshot: id,
    adapter: hash,
    evaluation: hash,
    rows: counter,
    baseLoss: z.number(),
    adapterLoss: z.number(),
    gain: z.number(),
    passed: z.boolean(),
    reason: z.string().max(2_000).nullable(),
    hash,
    at: time,
  }),
  releases: z.strictObject({
    id,
    proposal: id,
    version: counter,
    run: id,
    snapshot: id,
    evaluation: id,
    adapter: hash,
    commitTx: transaction.nullable(),
    releaseTx: transaction.nullable(),
    at: time,
  }),
  answers: z.strictObject({
    id,
    release: id,
    account: id,
    epoch: counter,
    state: z.enum(['paid', 'answered', 'refunded']),
    priceUnits: whole,
    receipt: id.nullable(),
    influence: hash.nullable(),
    at: time,
  }),
  /** Payments by x402, with what went back of them; account, transaction and sender are null until one is settled. */
  payments: z.strictObject({
    id,
    account: id.nullable(),
    payer: address,
    nonce: transaction,
    units: whole,
    state: z.enum(['stored', 'settled', 'served', 'refunding', 'refunded']),
    tx: transaction.nullable(),
    /** `other` where somebody else sent what the payer had signed: then the transaction is not in the bundle. */
    by: z.enum(['node', 'other']).nullable(),
    refundUnits: whole.nullable(),
    refundTx: transaction.nullable(),
    at: time,
  }),
  epochs: z.strictObject({
    number: counter,
    state: z.enum(['open', 'closing', 'computed', 'posted', 'active']),
    incomeUnits: whole,
    paidUnits: whole,
    commonsUnits: whole,
    otherUnits: whole,
    root: hash.nullable(),
    file: hash.nullable(),
    tx: transaction.nullable(),
  }),
  payouts: z.strictObject({
    epoch: counter,
    account: id,
    kind: z.enum(['contributor', 'proposer', 'compute']),
    units: whole,
    provisional: z.boolean(),
  }),
  /** Leaves of each epoch's rewards tree, by index; cumulative. */
  leaves: z.strictObject({ epoch: counter, index: counter, account: id, address, units: whole }),
  claims: z.strictObject({
    id,
    account: id,
    epoch: counter,
    units: whole,
    cumulativeUnits: whole,
    tx: transaction,
    at: time,
  }),
  /** Every mined transaction that this node signed, in order. */
  chain: z.strictObject({
    key: text,
    call: text,
    hash: transaction,
    raw: hex('+'),
    from: address,
    nonce: counter,
    blockNumber: whole,
    blockTimestamp: whole,
    receipt: z.strictObject({
      status: z.enum(['success', 'reverted']),
      gasUsed: text,
      contractAddress: address.nullable(),
      logs: z.array(z.strictObject({ address, topics: z.array(hex('{64}')), data: hex('*') })),
    }),
  }),
} as const

export type RecordName = keyof typeof recordSchemas
export type BundleRecord<N extends RecordName> = z.output<(typeof recordSchemas)[N]>
export type Records = { [N in RecordName]: BundleRecord<N>[] }

export const recordNames = Object.keys(recordSchemas) as readonly RecordName[]
export const fileOf = (name: RecordName): string => `${name}.jsonl`

export const MANIFEST = 'manifest.json'
export const SIGNATURE = 'signature.json'

export const manifestSchema = z.strictObject({
  format: z.literal('tributary-bundle'),
  version: z.literal(1),
  createdAt: time,
  node: z.strictObject({ keyId: text, publicKey: z.string().max(2_000) }),
  chain: z.strictObject({
    chainId: z.int().min(1),
    manager: address,
    token: address,
    registry: address,
    rewards: address,
    treasury: address,
    operator: address,
  }),
  base: z.strictObject({ name: text, hash }),
  /** Votes of polls that are still open: their events come without payload, their receipts not at all. */
  sealed: z.strictObject({ ballots: counter, receipts: counter }),
  files: z.record(z.string().max(100), z.strictObject({ sha256: hash, bytes: counter, records: counter })),
})
export type Manifest = z.output<typeof manifestSchema>

/** The node's signature over the manifest: a receipt of kind `bundle` whose body is {manifest: SHA-256 of manifest.json}. */
export const signatureSchema = z.strictObject({ receipt: z.string(), signature: text, keyId: text })
