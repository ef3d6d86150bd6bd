import { z } from 'zod'
import type { Anchor } from '../infra/ledger.ts'

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
