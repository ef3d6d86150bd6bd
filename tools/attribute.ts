import { z } from 'zod'
import { fault } from '../infra/errors.ts'
import { attributionOf } from './attribution-index.ts'
import { paymentOf } from './payment.ts'
import { record } from './record.ts'
import { verb } from './registry.ts'

/** What is kept of one answer's attribution; influence per row lies in a blob, so that a page can be shown without it. */
export const attributionRecord = z.object({
  tokens: z.number(),
  nats: z.object({ unigram: z.number(), base: z.number(), adapter: z.number() }),
  gain: z.number(),
  unattributed: z.number(),
  abstained: z.string().nullable(),
  provisional: z.boolean(),
  spans: z.array(z.object({ start: z.number(), end: z.number(), row: z.number(), lift: z.number() })),
})
export type AttributionRecord = z.infer<typeof attributionRecord>

/**
 * Measures whose rows shaped one answer: exact spans, gradient influence per row, and each contributor's share of what
 * the adapter added. Intervals stay null until an ensemble measures them, so the shares are marked provisional.
 */
export const attribute = verb({
  name: 'attribute',
  summary: 'Measure whose rows shaped one answer.',
  who: ['attributor'],
  effect: 'write',
  input: z.object({ answerId: z.string() }),
  output: z.object({ answerId: z.string(), contributors: z.number(), unattributed: z.number() }),
  async run(context, input) {
    const [answer] = await context.db.query<{
      release_id: string
      question: string
      answer: string | null
      state: string
    }>('select release_id, question, answer, state from answers where id = $1', [input.answerId])
    if (answer === undefined || answer.state !== 'answered' || answer.answer === null)
      throw fault('answer-missing', 'This answer does not exist yet.', {
        fix: 'Attribute an answer that was given.',
      })
    const attribution = await attributionOf(context, answer.release_id)
    const measured = await attribution.attribute({ prompt: answer.question, answer: answer.answer })
    const blob = await context.blobs.put(
      new Uint8Array(measured.influence.buffer, measured.influence.byteOffset, measured.influence.byteLength),
    )
    const payment = await paymentOf(context.db, input.answerId, {
      ...measured,
      influence: measured.influence,
    })
    const kept: AttributionRecord = {
      tokens: measured.tokens,
      nats: measured.nats,
      gain: payment.gain,
      unattributed: payment.unattributed,
      abstained: payment.abstained,
      provisional: true,
      spans: measured.spans.map(({ start, end, row, lift }) => ({ start, end, row, lift })),
    }
    return context.commit(async tx => {
      await tx.query('update answers set attribution = $2, influence_blob = $3 where id = $1', [
        input.answerId,
        JSON.stringify(kept),
        blob,
      ])
      for (const { account, share } of payment.shares)
        await tx.query(
          'insert into shares (answer_id, account_id, share) values ($1, $2, $3) on conflict (answer_id, account_id) do update set share = excluded.share',
          [input.answerId, account, share],
        )
      await record(context, tx, 'answer.attributed', input.answerId, {
        influence: blob,
        nats: kept.nats,
        gain: kept.gain,
        shares: payment.shares,
        unattributed: kept.unattributed,
      })
      return {
        answerId: input.answerId,
        contributors: payment.shares.length,
        unattributed: kept.unattributed,
      }
    })
  },
})
