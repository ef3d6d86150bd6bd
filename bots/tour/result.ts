import { z } from 'zod'

const units = z.string().regex(/^\d+$/)

/** What `npm run tour -- --json FILE` writes. Units are decimal strings of the token's smallest unit (10^-6). */
export const tourResult = z.object({
  seconds: z.number(),
  peakRssBytes: z.number(),
  proposal: z.object({
    id: z.string(),
    name: z.string(),
    bondUnits: units,
    bondTx: z.string(),
    pledgedUnits: units,
  }),
  votes: z.object({
    yesUnits: units,
    noUnits: units,
    ballots: z.number(),
    root: z.string(),
    tx: z.string(),
    passed: z.boolean(),
  }),
  contributions: z.object({
    received: z.number(),
    accepted: z.number(),
    refused: z.record(z.string(), z.number()),
    review: z.number(),
    /** The bad rows that were mixed in, and how many were refused for the reason that was expected. */
    bad: z.object({ rows: z.number(), refused: z.number(), rightReason: z.number() }),
    /** Good rows that were refused, by reason. */
    goodRefused: z.record(z.string(), z.number()),
  }),
  snapshot: z.object({ rows: z.number(), root: z.string(), anchorTx: z.string() }),
  run: z.object({
    steps: z.number(),
    tokens: z.number(),
    tokensPerSecond: z.number(),
    seconds: z.number(),
    firstLoss: z.number(),
    lastLoss: z.number(),
  }),
  evaluation: z.object({ rows: z.number(), baseLoss: z.number(), adapterLoss: z.number() }),
  answers: z.array(
    z.object({
      question: z.string(),
      answer: z.string(),
      receiptId: z.string(),
      shares: z.array(
        z.object({
          contributor: z.string(),
          share: z.number(),
          low: z.number().nullable(),
          high: z.number().nullable(),
        }),
      ),
      unattributed: z.number(),
    }),
  ),
  epoch: z.object({
    incomeUnits: units,
    paidUnits: units,
    commonsUnits: units,
    otherUnits: units,
    root: z.string(),
    tx: z.string(),
  }),
  claims: z.array(z.object({ contributor: z.string(), units, tx: z.string() })),
  verify: z.object({
    ok: z.boolean(),
    checks: z.array(z.object({ name: z.string(), ok: z.boolean(), detail: z.string(), count: z.number() })),
  }),
})

export type TourResult = z.infer<typeof tourResult>
