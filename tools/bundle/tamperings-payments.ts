import { type Change, COVERED, DEPOSITS, first, PURPOSES, plusOne, without } from './tamperings.ts'

const PAYMENTS = 'every payment by x402 is on chain, and so is every refund'

/** What a dishonest node might do with payments by x402. */
export const paymentTamperings: [string, string[], Change][] = [
  [
    'a payment of one unit more',
    [PAYMENTS],
    ({ payments }) => {
      const payment = first(payments, item => item.state === 'served')
      payment.units = plusOne(payment.units)
    },
  ],
  [
    'a payment of another wallet',
    [DEPOSITS, PAYMENTS],
    ({ payments, manifest }) => {
      first(payments, item => item.state === 'refunded').payer = manifest.chain.operator
    },
  ],
  [
    'a hidden payment',
    [DEPOSITS, PAYMENTS],
    ({ payments }) => without(payments, item => item.state === 'served'),
  ],
  [
    'a payment by the node’s own transaction told as one that others sent',
    [DEPOSITS],
    ({ payments }) => {
      first(payments, item => item.state === 'served').by = 'other'
    },
  ],
  [
    'a payment credited to somebody else',
    [PAYMENTS, COVERED],
    ({ payments, transfers }) => {
      const payment = first(payments, item => item.state === 'served')
      const other = first(transfers, item => item.reason === 'deposit').to
      const credit = first(transfers, item => item.key === `x402/${payment.id}`)
      for (const entry of credit.entries) if (entry.account === credit.to) entry.account = other
      credit.to = other
    },
  ],
  [
    'a payment that never came',
    [PAYMENTS],
    ({ payments, transfers }) => {
      const payment = first(payments, item => item.state === 'served')
      const id = '01900000-0000-7000-8000-000000000001'
      payments.push({ ...payment, id, nonce: `0x${'1'.repeat(64)}` })
      transfers.push({
        ...first(transfers, item => item.key === `x402/${payment.id}`),
        id,
        key: `x402/${id}`,
      })
    },
  ],
  [
    'a refund that was kept',
    [PAYMENTS],
    ({ payments }) => {
      const payment = first(payments, item => item.state === 'refunded')
      payment.state = 'served'
      payment.refundUnits = null
      payment.refundTx = null
    },
  ],
  [
    'a refund told with another payment’s transaction',
    [PAYMENTS],
    ({ payments }) => {
      const payment = first(payments, item => item.state === 'refunded')
      payment.refundTx = first(payments, item => item.state === 'served').tx
    },
  ],
  [
    'a payment that is kept for good',
    [PAYMENTS],
    ({ payments }) => {
      const payment = first(payments, item => item.state === 'served')
      payment.state = 'stored'
      payment.tx = null
      payment.by = null
      payment.account = null
    },
  ],
  [
    'a payment booked as a gift',
    [PAYMENTS, PURPOSES],
    ({ transfers }) => {
      first(transfers, item => item.reason === 'payment').reason = 'gift'
    },
  ],
]
