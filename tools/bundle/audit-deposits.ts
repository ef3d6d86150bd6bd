import { idWord } from '../../infra/ids.ts'
import { type Check, examine } from './check.ts'
import { type Evidence, nonceOf, paymentName } from './evidence.ts'
import type { BundleRecord } from './format.ts'

/** Checks that money entered the books only by deposits and pledges that the chain holds, each once, and that none was kept back. */
export const auditDeposits = async ({ manifest, records, witness }: Evidence): Promise<Check[]> => {
  const treasury = manifest.chain.treasury.toLowerCase()
  const deposits = await examine('every deposit equals the one on chain', wrong => {
    const booked = new Map<string, BundleRecord<'transfers'>>()
    for (const transfer of records.transfers)
      if (transfer.reason === 'deposit') booked.set(nonceOf('deposit', transfer.key), transfer)
    const count = booked.size
    // What others are said to have sent is in no transaction of the node's: a deposit cannot pass for it.
    const payments = new Set(records.payments.filter(({ by }) => by !== 'other').map(paymentName))
    for (const { record, args } of witness.all('Token.transferWithAuthorization')) {
      const [payer, to, units, , , nonce] = args
      if (to !== treasury || payments.has(paymentName({ payer, nonce }))) continue
      const transfer = booked.get(nonce)
      booked.delete(nonce)
      if (transfer === undefined)
        wrong(`transaction ${record.hash} deposited ${units} units that nobody was credited`)
      else if (transfer.units !== units)
        wrong(`${transfer.to} was credited ${transfer.units} of ${units} deposited units`)
    }
    for (const { id, to, units } of booked.values())
      wrong(`transfer ${id} credits ${to} with ${units} units that the chain does not hold`)
    return { count, detail: 'units and key of each' }
  })

  const pledges = await examine(
    'every pledge is on chain, and credited once its model was released',
    wrong => {
      const released = new Set(records.releases.map(release => release.proposal))
      const credits = new Map(
        records.transfers.filter(item => item.reason === 'pledge released').map(item => [item.key, item]),
      )
      for (const pledge of records.pledges) {
        const what = `the pledge ${pledge.id}`
        const args = witness.prove(wrong, what, pledge.tx, 'Registry.pledge')
        if (args !== null && (args[0] !== idWord(pledge.proposal) || args[2] !== pledge.units))
          wrong(`${what} has another proposal or amount on chain`)
        const key = `pledge-released/${pledge.id}`
        const credit = credits.get(key)
        credits.delete(key)
        if (credit === undefined && released.has(pledge.proposal))
          wrong(`${what} was not credited at the release`)
        if (credit !== undefined && !released.has(pledge.proposal))
          wrong(`${what} was credited without a release`)
        if (
          credit !== undefined &&
          (credit.units !== pledge.units || credit.to !== `balance:${pledge.account}`)
        )
          wrong(`${what} was credited to ${credit.to} with ${credit.units} units`)
      }
      for (const credit of credits.values()) wrong(`transfer ${credit.id} credits a pledge that nobody made`)
      return { count: records.pledges.length, detail: `${released.size} models released` }
    },
  )
  return [deposits, pledges]
}
