import { z } from 'zod'
import { type Anchor, anchorBatch, anchored } from '../infra/ledger.ts'
import type { Context } from './context.ts'
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
 * Puts the Merkle root of all events since the last anchor on chain and returns the batch, or null when there were none.
 * Killed between two steps, the next call posts the same root under the same key. It appends no event: each anchor would
 * need another.
 */
export const anchorEvents = async (context: Context): Promise<Anchor | null> => {
  const batch = await anchorBatch(context.db, context.clock.now())
  if (batch === null) return null
  const { fromSeq, toSeq, root } = batch
  const { tx } = await context.chain.anchorLedger(`anchor/${toSeq}`, { root: `0x${root}`, fromSeq, toSeq })
  await anchored(context.db, batch, tx)
  return { ...batch, tx }
}

/** Anchors the newest events of the ledger. */
export const anchor = verb({
  name: 'anchor',
  summary: 'Put the Merkle root of the newest ledger events on chain.',
  who: ['treasurer'],
  effect: 'write',
  input: z.object({}),
  output: z.object({ events: z.number(), anchor: anchorShape.nullable() }),
  async run(context) {
    const batch = await anchorEvents(context)
    return {
      events: batch === null ? 0 : Number(batch.toSeq - batch.fromSeq) + 1,
      anchor: batch === null ? null : anchorText(batch),
    }
  },
})
