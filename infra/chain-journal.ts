import type { Hex, TransactionReceipt } from './chain-api.ts'
import type { Mined } from './chain-evm.ts'
import type { Db } from './db.ts'

/** One step of the chain: a transaction, or time that passed. */
export interface Entry {
  readonly seq: bigint
  readonly key: string
  readonly kind: 'call' | 'time'
  readonly call: string
  readonly sender: Hex | null
  readonly nonce: bigint | null
  readonly hash: Hex | null
  readonly raw: Hex | null
  readonly advanceSeconds: bigint
  readonly blockTimestamp: bigint | null
  readonly blockNumber: bigint | null
  readonly status: 'pending' | 'mined' | 'reverted'
  readonly receipt: TransactionReceipt | null
}

export type NewEntry = Pick<Entry, 'key' | 'kind' | 'call' | 'blockTimestamp'> &
  Partial<Pick<Entry, 'sender' | 'nonce' | 'hash' | 'raw' | 'advanceSeconds'>>

/** The durable record of what was sent, in the order of the chain; written before the broadcast. */
export interface Journal {
  find(key: string): Promise<Entry | null>
  at(seq: bigint): Promise<Entry | null>
  withHash(hash: Hex): Promise<Entry | null>
  last(): Promise<Entry | null>
  /** The nonce that a sender's next transaction takes. */
  nextNonce(sender: Hex): Promise<bigint>
  add(entry: NewEntry): Promise<Entry>
  /** Writes the outcome of a pending entry; an entry that has one keeps it. */
  settle(entry: Entry, mined: Mined): Promise<void>
  /** Entries after `seq` in order, those added meanwhile included. */
  after(seq: bigint): AsyncIterable<Entry>
  /** Seconds that `advance` added up to and including `seq`. */
  advancedUntil(seq: bigint): Promise<bigint>
  unsettled(): Promise<Entry[]>
  pending(): Promise<number>
}

const COLUMNS = `seq, key, kind, call, sender, nonce, hash, raw, advance_seconds as "advanceSeconds",
  block_timestamp as "blockTimestamp", block_number as "blockNumber", status, receipt`
const PAGE = 500

/** The journal of one chain in a database. Never hand it a transaction's Db: what it writes must outlive the caller. */
export const openJournal = (db: Db, chainId: number): Journal => {
  const one = async (where: string, values: readonly unknown[]): Promise<Entry | null> => {
    const text = `select ${COLUMNS} from chain_transactions where chain_id = $1 and ${where}`
    return (await db.query<Entry>(text, [chainId, ...values]))[0] ?? null
  }
  return {
    find: key => one('key = $2', [key]),
    at: seq => one('seq = $2', [seq]),
    withHash: hash => one('hash = $2', [hash]),
    last: () => one('seq = (select max(seq) from chain_transactions where chain_id = $1)', []),
    nextNonce: async sender => {
      const text = 'select max(nonce) + 1 as next from chain_transactions where chain_id = $1 and sender = $2'
      return (await db.query<{ next: bigint | null }>(text, [chainId, sender]))[0]?.next ?? 0n
    },
    add: async entry => {
      const text = `insert into chain_transactions
        (key, chain_id, kind, call, sender, nonce, hash, raw, advance_seconds, block_timestamp)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) returning ${COLUMNS}`
      const { key, kind, call, sender, nonce, hash, raw, advanceSeconds, blockTimestamp } = entry
      const values = [key, chainId, kind, call, sender ?? null, nonce ?? null, hash ?? null, raw ?? null]
      const rows = await db.query<Entry>(text, [...values, advanceSeconds ?? 0n, blockTimestamp])
      return rows[0] as Entry
    },
    settle: async (entry, mined) => {
      const text = `update chain_transactions set status = $2, block_number = $3, block_timestamp = $4,
          receipt = $5
        where seq = $1 and status = 'pending'`
      const status = mined.receipt.status === 'success' ? 'mined' : 'reverted'
      const receipt = JSON.stringify(mined.receipt)
      await db.query(text, [entry.seq, status, mined.blockNumber, mined.blockTimestamp, receipt])
    },
    after: async function* (seq) {
      for (let from = seq; ; ) {
        const text = `select ${COLUMNS} from chain_transactions where chain_id = $1 and seq > $2 order by seq limit ${PAGE}`
        const rows = await db.query<Entry>(text, [chainId, from])
        yield* rows
        const last = rows.at(-1)
        if (last === undefined) return
        from = last.seq
      }
    },
    advancedUntil: async seq => {
      const text = `select coalesce(sum(advance_seconds), 0)::bigint as sum from chain_transactions where chain_id = $1 and seq <= $2`
      return (await db.query<{ sum: bigint }>(text, [chainId, seq]))[0]?.sum ?? 0n
    },
    unsettled: () => {
      const text = `select ${COLUMNS} from chain_transactions where chain_id = $1 and status = 'pending' order by seq`
      return db.query<Entry>(text, [chainId])
    },
    pending: async () => {
      const text = `select count(*)::int as count from chain_transactions where chain_id = $1 and status = 'pending'`
      return (await db.query<{ count: number }>(text, [chainId]))[0]?.count ?? 0
    },
  }
}
