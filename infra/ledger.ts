import { randomBytes } from 'node:crypto'
import { canonicalJson, sha256Hex } from './canonical.ts'
import type { Db } from './db.ts'
import { fault } from './errors.ts'
import { type Sha256Proof, sha256Tree } from './merkle.ts'

/** One state change. `payload` and `salt` (32 bytes, hex) are null once erased; the hashes stay. */
export interface LedgerEvent {
  /** 1, 2, 3, ... without a gap. */
  seq: bigint
  at: Date
  /** `noun.verb-in-past`, such as `contribution.accepted`. */
  kind: string
  /** Who did it: an account, or a role. */
  actor: string
  /** What it is about: the id of a row. */
  subject: string
  payload: unknown
  salt: string | null
  /** SHA-256(salt, RFC 8785 JSON of the payload), hex. */
  payloadHash: string
  /** `hash` of event seq - 1; 64 zeros for the first. */
  prevHash: string
  /** SHA-256 over the RFC 8785 JSON of {actor, at, kind, payloadHash, prevHash, seq, subject}, seq as a decimal string, at as ISO text. */
  hash: string
}

export const GENESIS = '0'.repeat(64)

/** SHA-256 of a 32-byte salt and the payload. The salt keeps a short payload (a yes, a no) from being guessed. */
export const hashPayload = (salt: Uint8Array, payload: unknown): string =>
  sha256Hex(salt, canonicalJson(payload))

/** The hash that chains an event to the one before it. */
export const hashEvent = (event: Omit<LedgerEvent, 'payload' | 'salt' | 'hash'>): string => {
  const { seq, at, kind, actor, subject, payloadHash, prevHash } = event
  return sha256Hex(canonicalJson({ seq, at, kind, actor, subject, payloadHash, prevHash }))
}

/**
 * Appends an event in the caller's transaction, which writes the row it tells of too.
 * Holds the head of the chain until that transaction ends: append late, and never call the outside world after it.
 * Throws `not-canonical`.
 */
export const append = async (
  tx: Db,
  entry: { at: Date; kind: string; actor: string; subject: string; payload: unknown },
): Promise<LedgerEvent> => {
  const { at, kind, actor, subject } = entry
  const json = canonicalJson(entry.payload)
  const payload: unknown = JSON.parse(json)
  const salt = randomBytes(32)
  return tx.tx(async tx => {
    const [head] = await tx.query<{ seq: bigint; hash: string }>(
      'select seq, hash from ledger_head for update',
    )
    if (head === undefined)
      throw fault('ledger-headless', 'The ledger has lost its head row.', {
        fix: 'Restore the database from a backup.',
        blame: 'operator',
      })
    const bare = {
      seq: head.seq + 1n,
      at,
      kind,
      actor,
      subject,
      payloadHash: sha256Hex(salt, json),
      prevHash: head.hash,
    }
    const event = { ...bare, payload, salt: salt.toString('hex'), hash: hashEvent(bare) }
    await tx.query(
      `with head as (update ledger_head set seq = $1, hash = $10)
       insert into events (seq, at, kind, actor, subject, payload, salt, payload_hash, prev_hash, hash)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
      [bare.seq, at, kind, actor, subject, json, salt, bare.payloadHash, bare.prevHash, event.hash],
    )
    return event
  })
}

/** Erases what an event told, with its salt. The chain and every anchor still verify; the payload cannot be had back. */
export const erase = async (tx: Db, seq: bigint): Promise<void> => {
  await tx.query('update events set payload = null, salt = null where seq = $1', [seq])
}

/** Erases all events about a subject, such as a withdrawn row; returns how many. */
export const eraseSubject = async (tx: Db, subject: string): Promise<number> => {
  const erased = await tx.query(
    'update events set payload = null, salt = null where subject = $1 and payload is not null returning seq',
    [subject],
  )
  return erased.length
}

interface EventRow {
  seq: bigint
  at: Date
  kind: string
  actor: string
  subject: string
  payload: unknown
  salt: string | null
  payload_hash: string
  prev_hash: string
  hash: string
}

const columns = `seq, at, kind, actor, subject, payload, encode(salt, 'hex') as salt, payload_hash, prev_hash, hash`

const fromRow = ({ payload_hash, prev_hash, ...row }: EventRow): LedgerEvent => ({
  ...row,
  payloadHash: payload_hash,
  prevHash: prev_hash,
})

/** Reads the events `from` to `to`, both included, in order; without `to`, up to the newest. */
export const read = async (db: Db, from = 1n, to?: bigint): Promise<LedgerEvent[]> => {
  const rows = await db.query<EventRow>(
    `select ${columns} from events where seq >= $1 and ($2::bigint is null or seq <= $2) order by seq`,
    [from, to ?? null],
  )
  return rows.map(fromRow)
}

/** Reads the events about one subject, in order. */
export const readSubject = async (db: Db, subject: string): Promise<LedgerEvent[]> => {
  const rows = await db.query<EventRow>(`select ${columns} from events where subject = $1 order by seq`, [
    subject,
  ])
  return rows.map(fromRow)
}

export interface ChainFault {
  seq: bigint
  reason: 'gap' | 'broken-link' | 'wrong-hash' | 'wrong-payload'
}

/**
 * Checks a stretch of the chain: numbers without a gap, every link, every hash, and every payload that is not erased.
 * Pure. `before` is the hash of the event before the first (GENESIS where the first is number 1, unknown otherwise).
 * Returns the first fault, or null.
 */
export const verifyChain = (events: readonly LedgerEvent[], before?: string): ChainFault | null => {
  const [first] = events
  let prevHash = before ?? (first?.seq === 1n ? GENESIS : first?.prevHash)
  let seq = first?.seq ?? 0n
  for (const event of events) {
    if (event.seq !== seq) return { seq: event.seq, reason: 'gap' }
    if (event.prevHash !== prevHash) return { seq, reason: 'broken-link' }
    if (hashEvent(event) !== event.hash) return { seq, reason: 'wrong-hash' }
    if (
      event.salt !== null &&
      hashPayload(Buffer.from(event.salt, 'hex'), event.payload) !== event.payloadHash
    )
      return { seq, reason: 'wrong-payload' }
    prevHash = event.hash
    seq++
  }
  return null
}

/** A batch of events under one Merkle root (SHA-256, RFC 6962, leaves: the events' hashes as 32 bytes). */
export interface Anchor {
  fromSeq: bigint
  toSeq: bigint
  root: string
  /** Hash of the chain's transaction; null until `anchored` told it. */
  tx: string | null
  at: Date
}

const anchorColumns = 'from_seq as "fromSeq", to_seq as "toSeq", root, tx, at'

const hashesOf = async (db: Db, anchor: { fromSeq: bigint; toSeq: bigint }): Promise<Uint8Array[]> => {
  const rows = await db.query<{ hash: string }>(
    'select hash from events where seq between $1 and $2 order by seq',
    [anchor.fromSeq, anchor.toSeq],
  )
  return rows.map(row => Buffer.from(row.hash, 'hex'))
}

/**
 * Closes the batch of all events since the last anchor and returns it; null when there are none. A batch whose root is
 * not on chain yet is returned again, so that a process killed between the two posts the same root.
 */
export const anchorBatch = (db: Db, at: Date): Promise<Anchor | null> =>
  db.tx(async tx => {
    const [head] = await tx.query<{ seq: bigint }>('select seq from ledger_head for update')
    const [last] = await tx.query<Anchor>(`select ${anchorColumns} from anchors order by to_seq desc limit 1`)
    if (last !== undefined && last.tx === null) return last
    const fromSeq = (last?.toSeq ?? 0n) + 1n
    const toSeq = head?.seq ?? 0n
    if (toSeq < fromSeq) return null
    const root = Buffer.from(sha256Tree(await hashesOf(tx, { fromSeq, toSeq })).root).toString('hex')
    await tx.query('insert into anchors (from_seq, to_seq, root, at) values ($1, $2, $3, $4)', [
      fromSeq,
      toSeq,
      root,
      at,
    ])
    return { fromSeq, toSeq, root, tx: null, at }
  })

/** Records the chain's transaction that carries an anchor's root. */
export const anchored = async (db: Db, anchor: { toSeq: bigint }, tx: string): Promise<void> => {
  await db.query('update anchors set tx = $2 where to_seq = $1', [anchor.toSeq, tx])
}

/** All anchors, oldest first. */
export const anchors = (db: Db): Promise<Anchor[]> =>
  db.query<Anchor>(`select ${anchorColumns} from anchors order by to_seq`)

/** The anchor over an event and the proof that its hash lies under it (`verifySha256Proof`); null before it is anchored. */
export const anchorProof = async (
  db: Db,
  seq: bigint,
): Promise<{ anchor: Anchor; proof: Sha256Proof } | null> => {
  const [anchor] = await db.query<Anchor>(
    `select ${anchorColumns} from anchors where $1 between from_seq and to_seq`,
    [seq],
  )
  if (anchor === undefined) return null
  return { anchor, proof: sha256Tree(await hashesOf(db, anchor)).proof(Number(seq - anchor.fromSeq)) }
}
