import { z } from 'zod'
import { fault } from '../infra/errors.ts'
import { unigramLoss } from '../models/attribution/unigram.ts'
import type { Example } from '../models/engine.ts'
import { checkedAdapter } from './adapter.ts'
import { attributionOf } from './attribution-index.ts'
import { calibrationOf, outcomesOf } from './calibration.ts'
import type { Context } from './context.ts'
import { findReleaseById, type Release } from './find.ts'
import { bytesOf, paymentOf } from './payment.ts'
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
 * the adapter added, with its interval once the release is calibrated; before, the shares are marked provisional.
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
    const asked = { prompt: answer.question, answer: answer.answer }
    const release = await findReleaseById(context.db, answer.release_id)
    const measured = (await hasRows(context, release))
      ? await (await attributionOf(context, release.id)).attribute(asked)
      : await measureWithoutRows(context, release, asked)
    const blob = await context.blobs.put(bytesOf(measured.influence))
    const calibration = await calibrationOf(context, answer.release_id)
    const outcomes = calibration === null ? null : await outcomesOf(context, calibration, asked)
    const outcomesBlob = outcomes === null ? null : await context.blobs.put(bytesOf(outcomes))
    const payment = await paymentOf(context, input.answerId, {
      tokens: measured.tokens,
      nats: measured.nats,
      influence: measured.influence,
      ...(outcomes === null ? {} : { outcomes }),
    })
    const kept: AttributionRecord = {
      tokens: measured.tokens,
      nats: measured.nats,
      gain: payment.gain,
      unattributed: payment.unattributed,
      abstained: payment.abstained,
      provisional: calibration === null,
      spans: measured.spans.map(({ start, end, row, lift }) => ({ start, end, row, lift })),
    }
    return context.commit(async tx => {
      await tx.query(
        'update answers set attribution = $2, influence_blob = $3, outcomes_blob = $4 where id = $1',
        [input.answerId, JSON.stringify(kept), blob, outcomesBlob],
      )
      // An answer may be measured twice: before and after its release was calibrated.
      await tx.query('delete from shares where answer_id = $1', [input.answerId])
      for (const { account, share, low, high } of payment.shares)
        await tx.query(
          'insert into shares (answer_id, account_id, share, low, high) values ($1, $2, $3, $4, $5)',
          [input.answerId, account, share, low, high],
        )
      await record(context, tx, 'answer.attributed', input.answerId, {
        influence: blob,
        outcomes: outcomesBlob,
        tokens: kept.tokens,
        nats: kept.nats,
        gain: kept.gain,
        spans: kept.spans,
        shares: payment.shares,
        unattributed: kept.unattributed,
        abstained: kept.abstained,
        provisional: kept.provisional,
      })
      return {
        answerId: input.answerId,
        contributors: payment.shares.length,
        unattributed: kept.unattributed,
      }
    })
  },
})

const hasRows = async ({ db }: Context, { snapshotId }: Release): Promise<boolean> => {
  const [snapshot] = await db.query<{ rows: number }>('select rows from snapshots where id = $1', [
    snapshotId,
  ])
  return (snapshot?.rows ?? 0) > 0
}

/** What can be said of an answer by a model whose rows nobody knows: what it cost with and without the adapter. */
const measureWithoutRows = async (context: Context, release: Release, asked: Example) => {
  const base = await context.engine.losses([asked], null)
  const adapter = await context.engine.losses([asked], await checkedAdapter(context, release.adapterHash))
  return {
    tokens: base.tokens[0]!,
    nats: {
      unigram: unigramLoss(context.engine, [], [asked])[0]!,
      base: base.nats[0]!,
      adapter: adapter.nats[0]!,
    },
    influence: new Float64Array(),
    spans: [],
  }
}
