import { z } from 'zod'
import { fault } from '../infra/errors.ts'
import { attributionRecord } from './attribute.ts'
import { findReleaseById } from './find.ts'
import { floats } from './payment.ts'
import { verb } from './registry.ts'
import { type SnapshotRow, snapshotRows } from './rows.ts'

const rowOf = z.object({
  contributor: z.string(),
  contributionId: z.string(),
  question: z.string().nullable(),
  text: z.string().nullable(),
  /** Nats that the answer's loss would rise by without the row; negative: the row worked against the answer. */
  influence: z.number(),
  state: z.enum(['kept', 'withdrawn']),
})

/**
 * Says why an answer came out as it did: copied spans with their people, the rows with the most influence for and against,
 * every contributor's share, what the base model knew by itself, and what was left unattributed and why.
 */
export const explain = verb({
  name: 'explain',
  summary: 'Show whose contributions shaped an answer.',
  who: ['member', 'operator'],
  effect: 'read',
  input: z.object({ answer: z.string().optional() }),
  output: z.object({
    answerId: z.string(),
    question: z.string(),
    answer: z.string(),
    model: z.string(),
    receiptId: z.string().nullable(),
    measured: z.boolean(),
    tokens: z.number(),
    nats: z.object({ unigram: z.number(), base: z.number(), adapter: z.number() }),
    contributors: z.array(
      z.object({
        name: z.string(),
        share: z.number(),
        low: z.number().nullable(),
        high: z.number().nullable(),
      }),
    ),
    rows: z.array(rowOf),
    spans: z.array(
      z.object({
        start: z.number(),
        end: z.number(),
        text: z.string(),
        contributor: z.string(),
        contributionId: z.string(),
        row: z.string().nullable(),
        lift: z.number(),
      }),
    ),
    unattributed: z.number(),
    abstained: z.string().nullable(),
    provisional: z.boolean(),
  }),
  async run(context, input) {
    const [answer] = await context.db.query<{
      id: string
      question: string
      answer: string
      release_id: string
      receipt_id: string | null
      attribution: unknown
      influence_blob: string | null
    }>(
      `select id, question, answer, release_id, receipt_id, attribution, influence_blob from answers
       where state = 'answered' and ($1::text is null or id::text = $1 or receipt_id::text = $1) and ($3 or account_id = $2) order by asked_at desc, id desc limit 1`,
      [input.answer ?? null, context.caller.accountId, context.caller.role === 'operator'],
    )
    if (answer === undefined)
      throw fault('answer-unknown', 'You have no such answer.', {
        fix: 'Ask something first, or pass the id of an answer of your own.',
      })
    const release = await findReleaseById(context.db, answer.release_id)
    const found = {
      answerId: answer.id,
      question: answer.question,
      answer: answer.answer,
      model: `${release.name}@${release.version}`,
      receiptId: answer.receipt_id,
    }
    if (answer.attribution === null || answer.influence_blob === null)
      return {
        ...found,
        measured: false,
        tokens: 0,
        nats: { unigram: 0, base: 0, adapter: 0 },
        contributors: [],
        rows: [],
        spans: [],
        unattributed: 1,
        abstained: null,
        provisional: true,
      }
    const kept = attributionRecord.parse(answer.attribution)
    const rows = await snapshotRows(context.db, release.snapshotId)
    const names = await namesOf(
      context.db.query<{ id: string; name: string }>(
        'select distinct a.id, a.name from accounts a join snapshot_rows s on true join contributions c on c.id = s.contribution_id and c.account_id = a.id where s.snapshot_id = $1',
        [release.snapshotId],
      ),
    )
    const influence = floats(await context.blobs.get(answer.influence_blob))
    const shares = await context.db.query<{
      account_id: string
      share: number
      low: number | null
      high: number | null
    }>(
      'select account_id, share, low, high from shares where answer_id = $1 order by share desc, account_id',
      [answer.id],
    )
    const nameOf = (row: SnapshotRow | undefined): string => names.get(row?.accountId ?? '') ?? 'unknown'
    return {
      ...found,
      measured: true,
      tokens: kept.tokens,
      nats: kept.nats,
      contributors: shares.map(({ account_id, ...share }) => ({
        name: names.get(account_id) ?? 'unknown',
        ...share,
      })),
      rows: strongest(influence).map(position => {
        const row = rows[position]
        return {
          contributor: nameOf(row),
          contributionId: row?.contributionId ?? '',
          question: row?.question ?? null,
          text: row?.answer ?? null,
          influence: influence[position] ?? 0,
          state: row?.question === null ? ('withdrawn' as const) : ('kept' as const),
        }
      }),
      spans: kept.spans.map(({ start, end, row, lift }) => ({
        start,
        end,
        text: answer.answer.slice(start, end),
        contributor: nameOf(rows[row]),
        contributionId: rows[row]?.contributionId ?? '',
        row: rows[row]?.answer ?? null,
        lift,
      })),
      unattributed: kept.unattributed,
      abstained: kept.abstained,
      provisional: kept.provisional,
    }
  },
})

const namesOf = async (rows: Promise<{ id: string; name: string }[]>): Promise<Map<string, string>> =>
  new Map((await rows).map(row => [row.id, row.name]))

/** Positions of the eight rows with the most influence for the answer and the two with the most against it. */
const strongest = (influence: Float64Array): number[] => {
  const order = Array.from(influence.keys()).sort((a, b) => (influence[b] ?? 0) - (influence[a] ?? 0))
  const against = order
    .slice(-2)
    .filter(position => (influence[position] ?? 0) < 0)
    .reverse()
  return [...order.slice(0, 8).filter(position => (influence[position] ?? 0) > 0), ...against]
}
