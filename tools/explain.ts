import { z } from 'zod'
import { fault } from '../infra/errors.ts'
import { answerParts } from './answer-parts.ts'
import { attributionRecord } from './attribute.ts'
import type { Context } from './context.ts'
import { findReleaseById } from './find.ts'
import { floats } from './payment.ts'
import { verb } from './registry.ts'
import { type SnapshotRow, snapshotRows } from './rows.ts'
import { strongestRows } from './strongest-rows.ts'

/** A row as others may see it: once withdrawn it has neither text nor giver nor id, since the ledger tells whose an id is. */
const rowShape = {
  contributor: z.string().nullable(),
  contributionId: z.string().nullable(),
  question: z.string().nullable(),
  text: z.string().nullable(),
  state: z.enum(['kept', 'withdrawn']),
}

/** Part of the answer's data share, 0 to 1, with the ends of its 90% interval; null where no interval was measured. */
const shareShape = { share: z.number(), low: z.number().nullable(), high: z.number().nullable() }

const output = z.object({
  answerId: z.string(),
  question: z.string(),
  answer: z.string(),
  model: z.string(),
  receiptId: z.string().nullable(),
  /** False while the attributor has not come to it: what follows is empty then. */
  measured: z.boolean(),
  /** Seconds since the answer was given. */
  ageSeconds: z.number(),
  tokens: z.number(),
  nats: z.object({ unigram: z.number(), base: z.number(), adapter: z.number() }),
  /** Where the data share goes, 0 to 1 each; together 1. */
  parts: z.object({ people: z.number(), base: z.number(), capped: z.number(), unclear: z.number() }),
  contributors: z.array(z.object({ name: z.string(), ...shareShape })),
  /** People none of whose rows is left in the model's data, together and without names. */
  withdrawn: z.object({ people: z.number(), ...shareShape }).nullable(),
  /** For the answer first, then against it, the strongest first; near-copies stand together. */
  rows: z.array(
    z.object({
      ...rowShape,
      /** Nats that the answer's loss would rise by without the row and its near-copies; negative: they worked against it. */
      influence: z.number(),
      copies: z.number(),
    }),
  ),
  /** Passages of the answer that stand word for word in a row; `start` and `end` count UTF-16 units, `lift` nats. */
  spans: z.array(
    z.object({ start: z.number(), end: z.number(), words: z.string(), ...rowShape, lift: z.number() }),
  ),
  unattributed: z.number(),
  abstained: z.string().nullable(),
  provisional: z.boolean(),
})

/**
 * Says why an answer came out as it did: copied spans with their people, the rows with the most influence for and against,
 * every contributor's share, what the base model knew by itself, and what was left unattributed and why.
 * Only whoever asked may see it, and an operator who names it. Throws `answer-unknown`, `answer-pending`, `answer-refunded`.
 */
export const explain = verb({
  name: 'explain',
  summary: 'Show whose contributions shaped an answer.',
  who: ['member', 'operator'],
  effect: 'read',
  input: z.object({
    answer: z
      .string()
      .trim()
      .toLowerCase()
      .optional()
      .describe('the id of an answer or of its receipt; your last answer if left out'),
  }),
  output,
  async run(context, input) {
    const answer = await findAnswer(context, input.answer)
    const release = await findReleaseById(context.db, answer.release_id)
    const found = {
      answerId: answer.id,
      question: answer.question,
      answer: answer.answer,
      model: `${release.name}@${release.version}`,
      receiptId: answer.receipt_id,
      ageSeconds: Math.max(
        0,
        (context.clock.now().getTime() - (answer.answered_at?.getTime() ?? Number.NaN)) / 1000 || 0,
      ),
    }
    if (answer.attribution === null || answer.influence_blob === null) return { ...found, ...unmeasured }
    const kept = attributionRecord.parse(answer.attribution)
    const rows = await snapshotRows(context.db, release.snapshotId)
    const shown = strongestRows(rows, floats(await context.blobs.get(answer.influence_blob)))
    const shares = await context.db.query<ShareRow>(
      `select s.account_id as "accountId", a.name, s.share, s.low, s.high from shares s join accounts a on a.id = s.account_id
       where s.answer_id = $1 order by s.share desc, a.name, s.account_id`,
      [answer.id],
    )
    const names = await namesOf(context, [
      ...shown.map(({ row }) => row.accountId),
      ...kept.spans.map(span => rows[span.row]?.accountId),
    ])
    const left = new Set(rows.filter(row => row.question !== null).map(row => row.accountId))
    const people = shares.reduce((sum, { share }) => sum + share, 0)
    return {
      ...found,
      measured: true,
      tokens: kept.tokens,
      nats: kept.nats,
      parts: answerParts(kept.nats, kept.gain, people),
      contributors: shares
        .filter(({ accountId }) => left.has(accountId))
        .map(({ name, share, low, high }) => ({ name, share, low, high })),
      withdrawn: together(shares.filter(({ accountId }) => !left.has(accountId))),
      rows: shown.map(({ row, influence, copies }) => ({ ...seen(row, names), influence, copies })),
      spans: kept.spans.map(({ start, end, row, lift }) => ({
        start,
        end,
        words: answer.answer.slice(start, end),
        ...seen(rows[row], names),
        lift,
      })),
      unattributed: kept.unattributed,
      abstained: kept.abstained,
      provisional: kept.provisional,
    }
  },
})

type Output = z.output<typeof output>

const unmeasured = {
  measured: false,
  tokens: 0,
  nats: { unigram: 0, base: 0, adapter: 0 },
  parts: { people: 0, base: 0, capped: 0, unclear: 1 },
  contributors: [],
  withdrawn: null,
  rows: [],
  spans: [],
  unattributed: 1,
  abstained: null,
  provisional: true,
}

interface AnswerRow {
  id: string
  question: string
  answer: string
  state: 'paid' | 'answered' | 'refunded'
  release_id: string
  receipt_id: string | null
  answered_at: Date | null
  attribution: unknown
  influence_blob: string | null
}

/** The answer of that id or receipt, or the caller's last one. Another person's is as unknown as one that never was. */
const findAnswer = async (context: Context, wanted: string | undefined): Promise<AnswerRow> => {
  const { accountId, role } = context.caller
  const columns =
    'id, question, answer, state, release_id, receipt_id, answered_at, attribution, influence_blob'
  const [answer] =
    wanted === undefined
      ? await context.db.query<AnswerRow>(
          `select ${columns} from answers where state = 'answered' and account_id = $1 order by asked_at desc, id desc limit 1`,
          [accountId],
        )
      : await context.db.query<AnswerRow>(
          `select ${columns} from answers where (id::text = $1 or receipt_id::text = $1) and ($3 or account_id = $2)`,
          [wanted, accountId, role === 'operator'],
        )
  if (answer === undefined)
    throw wanted === undefined
      ? fault('answer-unknown', 'You have no answer yet.', { fix: 'Ask something first.' })
      : fault('answer-unknown', `You have no answer with the id or receipt "${wanted.slice(0, 40)}".`, {
          fix: 'Check the id, or leave it out to see your last answer; /account lists what you asked.',
        })
  if (answer.state === 'paid')
    throw fault('answer-pending', 'This question is still being answered.', {
      fix: 'Look again once the answer is there.',
      retry: true,
    })
  if (answer.state === 'refunded')
    throw fault('answer-refunded', 'This question was never answered, and its price was given back.', {
      fix: 'Ask it again.',
    })
  return answer
}

interface ShareRow {
  accountId: string
  name: string
  share: number
  low: number | null
  high: number | null
}

/** The shares as one; the added-up ends are never closer together than those of the sum's own interval. */
const together = (shares: readonly ShareRow[]): Output['withdrawn'] => {
  if (shares.length === 0) return null
  const sum = (end: (share: ShareRow) => number | null): number | null =>
    shares.reduce<number | null>((all, share) => {
      const value = end(share)
      return all === null || value === null ? null : Math.min(1, all + value)
    }, 0)
  return {
    people: shares.length,
    share: sum(({ share }) => share) ?? 0,
    low: sum(({ low }) => low),
    high: sum(({ high }) => high),
  }
}

const namesOf = async (
  context: Context,
  accounts: readonly (string | undefined)[],
): Promise<Map<string, string>> => {
  const rows = await context.db.query<{ id: string; name: string }>(
    'select id, name from accounts where id = any($1::uuid[])',
    [[...new Set(accounts.filter(id => id !== undefined))]],
  )
  return new Map(rows.map(({ id, name }) => [id, name]))
}

const seen = (
  row: SnapshotRow | undefined,
  names: ReadonlyMap<string, string>,
): Pick<Output['rows'][number], 'contributor' | 'contributionId' | 'question' | 'text' | 'state'> =>
  row === undefined || row.question === null
    ? { contributor: null, contributionId: null, question: null, text: null, state: 'withdrawn' }
    : {
        contributor: names.get(row.accountId) ?? null,
        contributionId: row.contributionId,
        question: row.question,
        text: row.answer,
        state: 'kept',
      }
