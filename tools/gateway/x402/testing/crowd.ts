import { checkBooks, signedBalance } from '../../../../infra/money.ts'
import { openBooth, openBuyers, openMarket, PRICE, post } from './market.ts'

export interface Crowd {
  readonly buyers: number
  readonly answered: number
  /** From the first request to the last answer. */
  readonly seconds: number
  /** Of single requests, seconds. */
  readonly median: number
  readonly slowest: number
  /** Whether every wallet, the treasury, the epoch's income and the books hold what they must, to the unit. */
  readonly exact: boolean
}

/** Has buyers pay for one answer each, all at once, with the protocol's own client over the embedded chain. */
export const sendCrowd = async (count: number): Promise<Crowd> => {
  const { stage, chain, close } = await openBooth()
  const market = await openMarket(stage)
  try {
    const { db } = stage.network
    const buyers = await openBuyers(chain, count, 2n * PRICE)
    const { treasury } = (await chain.status()).addresses
    const begun = performance.now()
    const times: number[] = []
    const answers = await Promise.all(
      buyers.map(async ({ pay }, at) => {
        const answer = await pay(`${market.url}ask`, post({ question: `Question ${at}?` }))
        times.push((performance.now() - begun) / 1000)
        return ((await answer.json()) as { answer?: string }).answer
      }),
    )
    const seconds = (performance.now() - begun) / 1000
    const total = BigInt(count) * PRICE
    const wallets = await Promise.all(buyers.map(({ address }) => chain.balance(address)))
    const books = await checkBooks(db)
    times.sort((a, b) => a - b)
    return {
      buyers: count,
      answered: answers.filter((answer, at) => answer === `You asked: Question ${at}?`).length,
      seconds,
      median: times[count >> 1] ?? 0,
      slowest: times.at(-1) ?? 0,
      exact:
        wallets.every(units => units === PRICE) &&
        (await chain.balance(treasury)) === total &&
        (await signedBalance(db, 'income:3')) === total &&
        books.sum === 0n &&
        books.wrong.length === 0,
    }
  } finally {
    await market.close()
    await close()
  }
}
