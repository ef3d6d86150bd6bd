import type { Db } from '../../../infra/db.ts'
import { isFault } from '../../../infra/errors.ts'
import { idFrom, newId } from '../../../infra/ids.ts'
import { transfer } from '../../../infra/money.ts'
import { refund } from '../../ask.ts'
import type { Context, Network } from '../../context.ts'
import { record } from '../../record.ts'
import { payerAccount } from './payer.ts'

type Hex = `0x${string}`

/** One authorisation that somebody signed to pay for one request. */
export interface Payment {
  readonly id: string
  readonly payer: Hex
  readonly nonce: Hex
  readonly units: bigint
  readonly validBefore: bigint
  readonly proofHash: string
  readonly requestHash: string
  readonly state: 'stored' | 'settled' | 'served' | 'refunding' | 'refunded'
  /** Of the payer; null until it is settled, as is `tx`. */
  readonly accountId: string | null
  readonly tx: Hex | null
  /** What goes back, where something does. */
  readonly refundUnits: bigint | null
}

/** Where an authorisation holds: a nonce is used once for each. */
export interface Place {
  readonly chainId: number
  readonly asset: Hex
}

const columns = `id, payer, nonce, units, valid_before as "validBefore", proof_hash as "proofHash",
  request_hash as "requestHash", state, account_id as "accountId", tx, refund_units as "refundUnits"`

/** The idempotency key under which the verbs of a payment are called; further ones of the same request append `/…` to it. */
export const callKey = (id: string): string => `x402/${id}`

/** What acts on a payment's account in the books. */
const contextOf = (network: Network, id: string, accountId: string | null): Context => ({
  ...network,
  caller: { role: accountId === null ? 'anyone' : 'member', accountId, surface: 'x402' },
  key: callKey(id),
  signal: undefined,
  emit: () => {},
  heard: false,
  commit: work => network.db.tx(work),
})

export const findPayment = async (db: Db, at: Place, payer: Hex, nonce: Hex): Promise<Payment | undefined> =>
  (
    await db.query<Payment>(
      `select ${columns} from payments where chain_id = $1 and asset = $2 and payer = $3 and nonce = $4`,
      [at.chainId, at.asset, payer, nonce],
    )
  )[0]

/** Stores a payment before anything moves, and notes that its request is here; one that is known stays as it is. */
export const storePayment = async (
  { db, clock }: Network,
  at: Place,
  o: Pick<Payment, 'payer' | 'nonce' | 'units' | 'validBefore' | 'proofHash' | 'requestHash'>,
): Promise<Payment> => {
  const [stored] = await db.query<Payment>(
    `insert into payments (id, chain_id, asset, payer, nonce, units, valid_before, proof_hash, request_hash, stored_at, touched_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)
     on conflict (chain_id, asset, payer, nonce) do update set touched_at = excluded.touched_at returning ${columns}`,
    [
      newId(),
      at.chainId,
      at.asset,
      o.payer,
      o.nonce,
      o.units,
      o.validBefore,
      o.proofHash,
      o.requestHash,
      clock.now(),
    ],
  )
  return stored as Payment
}

/** Books what the chain holds: to the payer's balance, once, from where the verb pays with it. */
export const bookPayment = (
  network: Network,
  { id, payer, units }: Payment,
  sent: { tx: Hex; by: 'node' | 'other' },
): Promise<Payment> =>
  network.db.tx(async tx => {
    const [open] = await tx.query<Payment>(`select ${columns} from payments where id = $1 for update`, [id])
    if (open?.state !== 'stored') return open as Payment
    const accountId = await payerAccount(contextOf(network, id, null), tx, payer)
    const context = contextOf(network, id, accountId)
    const [settled] = await tx.query<Payment>(
      `update payments set state = 'settled', account_id = $2, tx = $3, tx_by = $4, touched_at = $5 where id = $1 returning ${columns}`,
      [id, accountId, sent.tx, sent.by, context.clock.now()],
    )
    await transfer(tx, {
      key: callKey(id),
      from: 'chain:treasury',
      to: `balance:${accountId}`,
      units,
      reason: 'payment',
      at: context.clock.now(),
    })
    await record(context, tx, 'payment.settled', id, { account: accountId, units, tx: sent.tx })
    return settled as Payment
  })

/**
 * Ends a payment whose request is over, however it went: what its calls did not spend leaves the payer's balance, to be paid
 * back on chain; where nothing is left it is served. A balance that does not hold it any more (the account spent it
 * otherwise) leaves the payment as it is, for another time. Doing it again changes nothing.
 */
export const concludePayment = async (network: Network, { id, accountId }: Payment): Promise<Payment> => {
  const context = contextOf(network, id, accountId)
  const { db } = network
  const own = `${accountId}/%/${callKey(id)}%`
  const open = await db.query<{ key: string }>('select key from open_calls where key like $1', [own])
  for (const { key } of open) await refund(context, idFrom('answer', key))
  try {
    return await db.tx(async tx => {
      const [payment] = await tx.query<Payment>(`select ${columns} from payments where id = $1 for update`, [
        id,
      ])
      if (payment?.state !== 'settled') return payment as Payment
      const left = payment.units - (await spentBy(tx, own))
      await tx.query('delete from open_calls where key like $1', [own])
      const [ended] = await tx.query<Payment>(
        `update payments set state = $2, refund_units = $3 where id = $1 returning ${columns}`,
        left > 0n ? [id, 'refunding', left] : [id, 'served', null],
      )
      if (left > 0n)
        await transfer(tx, {
          key: `x402-refund/${id}`,
          from: `balance:${accountId}`,
          to: 'chain:treasury',
          units: left,
          reason: 'payment refund',
          at: context.clock.now(),
        })
      return ended as Payment
    })
  } catch (error) {
    if (!isFault(error, 'insufficient-balance')) throw error
    return (await db.query<Payment>(`select ${columns} from payments where id = $1`, [id]))[0] as Payment
  }
}

/** What the answers to a payment's calls cost, units. */
const spentBy = async (tx: Db, own: string): Promise<bigint> => {
  const calls = await tx.query<{ key: string }>('select key from calls where key like $1', [own])
  const [sum] = await tx.query<{ units: bigint }>(
    `select coalesce(sum(price_units), 0)::bigint as units from answers where id = any($1) and state = 'answered'`,
    [calls.map(({ key }) => idFrom('answer', key))],
  )
  return sum?.units ?? 0n
}

/** Notes that what was owed to the payer has been paid back on chain. */
export const closeRefund = (
  network: Network,
  { id, accountId, refundUnits }: Payment,
  hash: Hex,
): Promise<void> =>
  network.db.tx(async tx => {
    const closed = await tx.query(
      `update payments set state = 'refunded', refund_tx = $2 where id = $1 and state = 'refunding' returning id`,
      [id, hash],
    )
    if (closed.length === 0) return
    await record(contextOf(network, id, accountId), tx, 'payment.refunded', id, {
      account: accountId,
      units: refundUnits,
      tx: hash,
    })
  })

/**
 * Payments whose request has not been here for a while and that are not over. Whoever takes them moves them to the end of
 * the line, so that those that cannot end yet never stand before the others.
 */
export const takeOpen = (db: Db, before: Date, now: Date): Promise<Payment[]> =>
  db.query<Payment>(
    `update payments set touched_at = $2 where id in (
       select id from payments where state in ('stored', 'settled') and touched_at <= $1 order by touched_at limit 1000)
     returning ${columns}`,
    [before, now],
  )

/** Payments of which something is to be paid back on chain. */
export const toRefund = (db: Db): Promise<Payment[]> =>
  db.query<Payment>(
    `select ${columns} from payments where state = 'refunding' order by touched_at limit 1000`,
  )

/** Forgets a payment that never came, and cannot any more. */
export const dropPayment = async (db: Db, id: string): Promise<void> => {
  await db.query(`delete from payments where id = $1 and state = 'stored'`, [id])
}
