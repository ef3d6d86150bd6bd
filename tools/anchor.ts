import { z } from 'zod'
import { type Anchor, anchorBatch, anchored } from '../infra/ledger.ts'
import { verb } from './registry.ts'

/** A batch of events under one Merkle root, as read verbs tell it; `tx` is null until the chain holds the root. */
export const anchorShape = z.object({
  fromSeq: z.string(),
  toSeq: z.string(),
  root: z.string(),
  tx: z.string().nullable(),
  at: z.string(),
})

export const anchorText = (anchor: Anchor): z.output<typeof anchorShape> => ({
  fromSeq: anchor.fromSeq.toString(),
  toSeq: anchor.toSeq.toString(),
  root: anchor.root,
  tx: anchor.tx,
  at: anchor.at.toISOString(),
})

/** RFC 6962 audit path of an event's hash under an anchor's root, hex. */
export const proofShape = z.object({ index: z.number(), size: z.number(), path: z.array(z.string()) })

/**
 * Puts the Merkle root of all events since the last anchor on chain. Killed between two steps, the next call posts the
 * same root under the same key. It appends no event: each anchor would need another.
 */
export const anchor = verb({
  name: 'anchor',
  summary: 'Put the Merkle root of the newest ledger events on chain.',
  who: ['treasurer'],
  effect: 'write',
  input: z.object({}),
  output: z.object({ events: z.number(), anchor: anchorShape.nullable() }),
  async run(context) {
    const batch = await anchorBatch(context.db, context.clock.now())
    if (batch === null) return context.commit(async () => ({ events: 0, anchor: null }))
    const { tx: hash } = await context.chain.anchorLedger(`anchor/${batch.toSeq}`, {
      root: `0x${batch.root}`,
      fromSeq: batch.fromSeq,
      toSeq: batch.toSeq,
    })
    return context.commit(async tx => {
      await anchored(tx, batch, hash)
      return {
        events: Number(batch.toSeq - batch.fromSeq) + 1,
        anchor: anchorText({ ...batch, tx: hash }),
      }
    })
  },
})
