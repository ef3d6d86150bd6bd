import { z } from 'zod'
import { authorizationSigner } from '../../infra/chain-decode.ts'
import { type Check, examine, type Wrong } from './check.ts'
import { type Evidence, nonceOf, paymentName } from './evidence.ts'
import type { BundleRecord } from './format.ts'

type Payment = BundleRecord<'payments'>
const told = z.looseObject({ units: z.string(), tx: z.string() })
const same = (a: string | null, b: string | null): boolean => a?.toLowerCase() === b?.toLowerCase()

/**
 * Checks every payment by x402: that its payer signed it, that the chain took it and the books credit it once, that what
 * went back went to its payer, and that nothing else left the treasury this way.
 */
export const auditPayments = async (evidence: Evidence): Promise<Check[]> => {
  const { records } = evidence
  const check = await examine('every payment by x402 is on chain, and so is every refund', async wrong => {
    const transfers = new Map(
      records.transfers
        .filter(({ reason }) => reason === 'payment' || reason === 'payment refund')
        .map(item => [item.key, item]),
    )
    const events = new Map(
      records.events
        .filter(({ kind }) => kind === 'payment.settled' || kind === 'payment.refunded')
        .map(event => [`${event.kind}/${event.subject}`, event]),
    )
    const names = new Set<string>()
    for (const payment of records.payments) {
      const what = `the payment ${payment.id}`
      const name = paymentName(payment)
      if (names.has(name)) wrong(`${what} uses a nonce for the second time`)
      names.add(name)
      const booked = (key: string, due: bigint | null, from: string, to: string): void => {
        const move = transfers.get(key)
        transfers.delete(key)
        if (due === null ? move !== undefined : move?.units !== due || move.from !== from || move.to !== to)
          wrong(`${what}: ${key} moves ${move?.units ?? 0n} units in the books, not ${due ?? 0n}`)
      }
      const recorded = (kind: string, units: bigint | null, tx: string | null): void => {
        const event = events.get(`${kind}/${payment.id}`)
        events.delete(`${kind}/${payment.id}`)
        const payload = told.safeParse(event?.payload)
        if ((event !== undefined) !== (tx !== null))
          wrong(`${what}: the ledger says otherwise of its ${kind}`)
        else if (payload.success && (payload.data.units !== units?.toString() || !same(payload.data.tx, tx)))
          wrong(`${what}: the ledger has another amount or transaction of its ${kind}`)
      }
      const account = `balance:${payment.account}`
      booked(`x402/${payment.id}`, payment.tx === null ? null : payment.units, 'chain:treasury', account)
      booked(`x402-refund/${payment.id}`, payment.refundUnits, account, 'chain:treasury')
      recorded('payment.settled', payment.units, payment.tx)
      recorded('payment.refunded', payment.refundUnits, payment.refundTx)
      if ((payment.state === 'stored') !== (payment.tx === null)) wrong(`${what} is ${payment.state}`)
      if ((payment.state === 'refunded') !== (payment.refundTx !== null)) wrong(`${what} is ${payment.state}`)
      if (payment.tx !== null && payment.by !== 'other') await auditPaid(evidence, wrong, what, payment)
      if (payment.refundTx !== null) auditRefund(evidence, wrong, what, payment)
    }
    for (const { id, units } of transfers.values())
      wrong(`transfer ${id} moves ${units} units for no payment`)
    for (const { kind, subject } of events.values()) wrong(`${kind} of ${subject} names no payment`)
    auditTreasury(evidence, wrong)
    const count = (wanted: (payment: Payment) => boolean) => records.payments.filter(wanted).length
    const other = count(({ by }) => by === 'other')
    return {
      count: records.payments.length,
      detail: `${count(item => item.refundUnits !== null)} given back, ${count(item => item.tx === null)} on their way${other > 0 ? `; ${other} were sent by others: ask a node of the chain for their transactions` : ''}`,
    }
  })
  return [check]
}

/** The payer's signature, and the transaction that carries it. */
const auditPaid = async (
  { manifest, witness }: Evidence,
  wrong: Wrong,
  what: string,
  payment: Payment,
): Promise<void> => {
  const args = witness.prove(wrong, what, payment.tx, 'Token.transferWithAuthorization')
  if (args === null) return
  const [from, to, units, validAfter, validBefore, nonce, v, r, s] = args
  if (!same(from, payment.payer) || !same(to, manifest.chain.treasury) || !same(nonce, payment.nonce))
    wrong(`${what} has another payer, receiver or nonce on chain`)
  if (units !== payment.units) wrong(`${what} is of ${units} units on chain, not ${payment.units}`)
  const { chainId, token } = manifest.chain
  const signer = await authorizationSigner(
    { chainId, token },
    [from, to, units, validAfter, validBefore, nonce],
    { v, r, s },
  ).catch(() => null)
  if (!same(signer, payment.payer)) wrong(`${what} was not signed by its payer`)
}

const auditRefund = ({ manifest, witness }: Evidence, wrong: Wrong, what: string, payment: Payment): void => {
  const args = witness.prove(wrong, `${what} (back)`, payment.refundTx, 'Token.transferWithAuthorization')
  if (args === null) return
  const [from, to, units, , , nonce] = args
  if (nonce !== nonceOf('pay-out', `refund/${payment.id}`))
    wrong(`${what} (back): its transaction is another one’s`)
  if (!same(from, manifest.chain.treasury) || !same(to, payment.payer) || units !== payment.refundUnits)
    wrong(`${what} did not go back to its payer with ${payment.refundUnits} units`)
}

/** Nothing leaves the treasury by authorisation but refunds, each once: the nonce names the payment. */
const auditTreasury = ({ manifest, records, witness }: Evidence, wrong: Wrong): void => {
  const due = new Set(
    records.payments
      .filter(payment => payment.refundUnits !== null)
      .map(({ id }) => nonceOf('pay-out', `refund/${id}`)),
  )
  for (const { record, args } of witness.all('Token.transferWithAuthorization'))
    if (same(args[0], manifest.chain.treasury) && !due.delete(args[5]))
      wrong(`transaction ${record.hash} took ${args[2]} units from the treasury for no refund`)
}
