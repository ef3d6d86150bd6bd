import { z } from 'zod'
import { fault } from '../infra/errors.ts'
import { verb } from './registry.ts'

const row = z.object({
  id: z.string(),
  position: z.number(),
  question: z.string().nullable(),
  answer: z.string().nullable(),
  licence: z.string(),
  state: z.enum(['received', 'accepted', 'refused', 'review', 'withdrawn']),
  reason: z.string().nullable(),
  message: z.string().nullable(),
  fix: z.string().nullable(),
  /** For a duplicate: the row that came first. */
  first: z
    .object({
      id: z.string(),
      contributor: z.string(),
      question: z.string().nullable(),
      answer: z.string().nullable(),
    })
    .nullable(),
})

const output = z.object({
  submissionId: z.string(),
  proposal: z.string(),
  state: z.enum(['received', 'curated']),
  receivedAt: z.string(),
  rows: z.array(row),
})
export type SubmissionStatus = z.output<typeof output>

/** Tells what became of each row the caller sent in one submission (their newest by default), and why. Throws `submission-unknown`. */
export const submission = verb({
  name: 'submission',
  summary: 'Show what became of the rows you sent, row by row.',
  who: ['member'],
  effect: 'read',
  input: z.object({
    submission: z.uuid().optional().describe('the id of a submission; your newest one by default'),
  }),
  output,
  async run({ db, caller }, input) {
    const [found] = await db.query<{
      id: string
      proposal: string
      state: 'received' | 'curated'
      received_at: Date
    }>(
      `select s.id, p.name as proposal, s.state, s.received_at from submissions s join proposals p on p.id = s.proposal_id
       where s.account_id = $1 and ($2::uuid is null or s.id = $2) order by s.received_at desc limit 1`,
      [caller.accountId, input.submission ?? null],
    )
    if (found === undefined)
      throw fault('submission-unknown', 'You have not sent such a submission.', {
        fix: 'Send rows with /contribute, or check the id.',
      })
    const rows = await db.query<Omit<z.output<typeof row>, 'position'>>(
      `select c.id, c.question, c.answer, c.licence, c.state, c.reason, c.message, c.fix,
         case when f.id is null then null else jsonb_build_object('id', f.id, 'contributor', a.name, 'question', f.question, 'answer', f.answer) end as first
       from contributions c left join contributions f on f.id = c.first_id left join accounts a on a.id = f.account_id
       where c.submission_id = $1 order by c.seq`,
      [found.id],
    )
    return {
      submissionId: found.id,
      proposal: found.proposal,
      state: found.state,
      receivedAt: found.received_at.toISOString(),
      rows: rows.map((item, at) => ({ ...item, position: at + 1 })),
    }
  },
})
