import { z } from 'zod'
import type { Database } from '../../infra/db.ts'
import type { Network } from '../../tools/context.ts'
import { type Verb, verb } from '../../tools/registry.ts'
import { tokens } from '../../tools/terms.ts'
import { networkOn } from './paper-desk.ts'
import { ANSWER_ID, openStory } from './story.ts'

/** A story in which asking and depositing really move something: a row of `till`, written in the call's own commit. */
export interface Till {
  readonly network: Network
  readonly verbs: readonly Verb[]
}

/** Makes the table that paid calls write to. */
export const makeTill = async (db: Database): Promise<void> => {
  await db.query('create table till (what text not null)')
}

/** What was paid for, each as often as it was. */
export const paidFor = async (db: Database): Promise<string[]> =>
  (await db.query<{ what: string }>('select what from till order by what')).map(({ what }) => what)

export const openTill = (db: Database): Till => {
  const story = openStory()
  const ask = verb({
    name: 'ask',
    summary: 'Ask a released model.',
    who: ['member'],
    effect: 'money',
    input: z.object({ model: z.string(), question: z.string() }),
    output: z.any(),
    run: async ({ emit, commit }, { question }) => {
      for (const text of ['About ', question]) emit({ kind: 'text', text })
      return commit(async tx => {
        await tx.query('insert into till values ($1)', [question])
        return {
          answerId: ANSWER_ID,
          answer: `About ${question}`,
          model: 'beekeeping@1',
          receiptId: 'r',
          priceUnits: '50000',
          balanceUnits: '950000',
        }
      })
    },
  })
  const deposit = verb({
    name: 'deposit',
    summary: 'Move tokens to your balance.',
    who: ['member'],
    effect: 'money',
    input: z.object({ tokens }),
    output: z.any(),
    run: ({ commit }, input) =>
      commit(async tx => {
        await tx.query('insert into till values ($1)', [`${input.tokens} units`])
        return { balanceUnits: input.tokens.toString(), tx: '0x04' }
      }),
  })
  const own = new Map<string, Verb>([
    ['ask', ask],
    ['deposit', deposit],
  ])
  const verbs = story.verbs.map(known => own.get(known.name) ?? known)
  return { network: networkOn(db, story), verbs }
}
