import { z } from 'zod'
import { type Check, examine } from './check.ts'
import type { Evidence } from './evidence.ts'

const givenPayload = z.looseObject({ units: z.string() })

/** Checks that every question was paid once, at its price, into its epoch, and that every answer in the ledger is here. */
export const auditAnswers = async ({ records }: Evidence): Promise<Check[]> => {
  const answers = await examine('every answer was paid for once', wrong => {
    const payments = new Map(
      records.transfers
        .filter(({ reason }) => reason === 'question' || reason === 'refund')
        .map(item => [item.key, item]),
    )
    const given = new Map(
      records.events.filter(event => event.kind === 'answer.given').map(event => [event.subject, event]),
    )
    const releases = new Set(records.releases.map(release => release.id))
    const take = (key: string) => {
      const payment = payments.get(key)
      payments.delete(key)
      return payment
    }
    for (const { id, account, epoch, priceUnits, state, release } of records.answers) {
      const what = `the answer ${id}`
      if (!releases.has(release)) wrong(`${what} names a release that is missing`)
      const paid = take(`ask/${id}`)
      const refund = take(`refund/${id}`)
      const wanted = (from: string, to: string, move: typeof paid): boolean =>
        move?.from === from && move.to === to && move.units === priceUnits
      const [asker, income] = [`balance:${account}`, `income:${epoch}`]
      if (priceUnits === 0n ? paid !== undefined : !wanted(asker, income, paid))
        wrong(`${what} was not paid with ${priceUnits} units into epoch ${epoch}`)
      const due = state === 'refunded' && priceUnits > 0n
      if (due ? !wanted(income, asker, refund) : refund !== undefined)
        wrong(due ? `${what} was not refunded` : `${what} is ${state} and was refunded`)
      const event = given.get(id)
      given.delete(id)
      if ((event !== undefined) !== (state === 'answered'))
        wrong(`${what} is ${state}, the ledger says otherwise`)
      const told = givenPayload.safeParse(event?.payload)
      if (told.success && told.data.units !== priceUnits.toString())
        wrong(`${what} cost ${told.data.units} units by the ledger, not ${priceUnits}`)
    }
    for (const [key, { units }] of payments) wrong(`${units} units moved as ${key} for no answer`)
    for (const subject of given.keys()) wrong(`the answer ${subject} of the ledger is missing`)
    const refunded = records.answers.filter(answer => answer.state === 'refunded').length
    return { count: records.answers.length, detail: `${refunded} refunded` }
  })
  return [answers]
}
