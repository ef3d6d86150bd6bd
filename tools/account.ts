import { z } from 'zod'
import { balance } from '../infra/money.ts'
import type { Context } from './context.ts'
import { findAccount } from './find.ts'
import { floats } from './payment.ts'
import { linkedWallet } from './person.ts'
import { verb } from './registry.ts'
import { unitsText } from './terms.ts'

const rowCounts = z.object({
  received: z.number(),
  accepted: z.number(),
  refused: z.number(),
  review: z.number(),
  withdrawn: z.number(),
})

const output = z.object({
  accountId: z.string(),
  name: z.string(),
  /** The custodial wallet on the chain. */
  address: z.string(),
  walletUnits: unitsText,
  /** The wallet of their own that claims go on to; null where none is linked. */
  linkedWallet: z.string().nullable(),
  /** The platforms from which this account is reached. */
  platforms: z.array(z.string()),
  /** Prepaid; questions are paid from it. */
  balanceUnits: unitsText,
  /** All that active epochs brought, that a posted epoch will bring once its challenge window has passed, and that was claimed. */
  earnedUnits: unitsText,
  pendingUnits: unitsText,
  claimableUnits: unitsText,
  claimedUnits: unitsText,
  payouts: z.array(
    z.object({
      epoch: z.number(),
      state: z.string(),
      kind: z.enum(['contributor', 'proposer', 'compute']),
      units: unitsText,
      provisional: z.boolean(),
      root: z.string().nullable(),
      tx: z.string().nullable(),
      activeAfter: z.string().nullable(),
    }),
  ),
  claims: z.array(z.object({ epoch: z.number(), units: unitsText, tx: z.string(), at: z.string() })),
  /**
   * The answers that the caller's rows shaped most, newest epoch first; share is 0..1 of an answer. What was asked belongs
   * to its asker, so the caller sees which of their own rows it were: the strongest that are still there.
   */
  shaped: z.array(
    z.object({
      answerId: z.string(),
      model: z.string(),
      rows: z.array(z.object({ contributionId: z.string(), question: z.string(), answer: z.string() })),
      epoch: z.number(),
      share: z.number(),
      low: z.number().nullable(),
      high: z.number().nullable(),
    }),
  ),
  rows: rowCounts,
  submissions: z.array(
    z.object({
      submissionId: z.string(),
      proposal: z.string(),
      state: z.string(),
      receivedAt: z.string(),
      rows: rowCounts,
    }),
  ),
  asked: z.array(
    z.object({
      answerId: z.string(),
      model: z.string(),
      question: z.string(),
      priceUnits: unitsText,
      at: z.string(),
      receiptId: z.string().nullable(),
    }),
  ),
})
export type AccountStatus = z.output<typeof output>

/** Tells what the caller has, earned and may claim, and why: payouts, the answers their rows shaped, what they sent and asked. */
export const account = verb({
  name: 'account',
  summary: 'Show what you have, what you earned and why.',
  who: ['member'],
  effect: 'read',
  input: z.object({}),
  output,
  async run(context) {
    const { db, chain } = context
    const found = await findAccount(db, context.caller.accountId)
    const address = chain.address(found.wallet)
    const submissions = await readSubmissions(context, found.id)
    return {
      accountId: found.id,
      name: found.name,
      address,
      walletUnits: (await chain.balance(address)).toString(),
      linkedWallet: await linkedWallet(db, found.id),
      platforms: (
        await db.query<{ platform: string }>(
          'select distinct platform from identities where account_id = $1 order by platform',
          [found.id],
        )
      ).map(({ platform }) => platform),
      balanceUnits: (await balance(db, `balance:${found.id}`)).toString(),
      ...(await readEarnings(context, found.id)),
      shaped: await readShaped(context, found.id),
      rows: submissions.reduce((sum, { rows }) => addCounts(sum, rows), none),
      submissions,
      asked: await readAsked(context, found.id),
    }
  },
})

type Counts = z.output<typeof rowCounts>
const none: Counts = { received: 0, accepted: 0, refused: 0, review: 0, withdrawn: 0 }
const addCounts = (a: Counts, b: Counts): Counts => ({
  received: a.received + b.received,
  accepted: a.accepted + b.accepted,
  refused: a.refused + b.refused,
  review: a.review + b.review,
  withdrawn: a.withdrawn + b.withdrawn,
})

const readEarnings = async ({ db }: Context, id: string) => {
  const payouts = await db.query<
    Omit<AccountStatus['payouts'][number], 'activeAfter'> & { activeAfter: Date | null }
  >(
    `select p.epoch, e.state, p.kind, p.units::text as units, p.provisional, e.root, e.tx, e.active_after as "activeAfter"
     from payouts p join epochs e on e.number = p.epoch where p.account_id = $1 and p.units > 0 order by p.epoch desc, p.kind`,
    [id],
  )
  const claims = await db.query<Omit<AccountStatus['claims'][number], 'at'> & { at: Date }>(
    'select epoch, units::text as units, tx, claimed_at as at from claims where account_id = $1 order by claimed_at desc',
    [id],
  )
  const sum = (rows: readonly { units: string }[]) => rows.reduce((all, { units }) => all + BigInt(units), 0n)
  const earned = sum(payouts.filter(({ state }) => state === 'active'))
  const claimed = sum(claims)
  return {
    earnedUnits: earned.toString(),
    pendingUnits: sum(payouts.filter(({ state }) => state !== 'active')).toString(),
    claimableUnits: (earned - claimed).toString(),
    claimedUnits: claimed.toString(),
    payouts: payouts.map(row => ({ ...row, activeAfter: row.activeAfter?.toISOString() ?? null })),
    claims: claims.map(row => ({ ...row, at: row.at.toISOString() })),
  }
}

/** How many of the caller's rows are shown with an answer that they shaped. */
const ROWS_SHOWN = 3

const readShaped = async ({ db, blobs }: Context, id: string): Promise<AccountStatus['shaped']> => {
  const answers = await db.query<
    Omit<AccountStatus['shaped'][number], 'rows'> & { snapshot: string; influence: string | null }
  >(
    `select s.answer_id as "answerId", p.name || '@' || r.version as model, w.epoch, s.share, s.low, s.high,
       r.snapshot_id as snapshot, w.influence_blob as influence
     from shares s join answers w on w.id = s.answer_id join releases r on r.id = w.release_id join proposals p on p.id = r.proposal_id
     where s.account_id = $1 and s.share > 0 order by w.epoch desc, s.share desc limit 25`,
    [id],
  )
  const own = await db.query<AccountStatus['shaped'][number]['rows'][number] & Place>(
    `select s.snapshot_id as snapshot, s.position, c.id as "contributionId", c.question, c.answer
     from snapshot_rows s join contributions c on c.id = s.contribution_id
     where s.snapshot_id = any($2::uuid[]) and c.account_id = $1 and c.question is not null`,
    [id, [...new Set(answers.map(({ snapshot }) => snapshot))]],
  )
  const rowsOf = Map.groupBy(own, row => row.snapshot)
  return Promise.all(
    answers.map(async ({ snapshot, influence, ...answer }) => {
      const nats = influence === null ? new Float64Array() : floats(await blobs.get(influence))
      const strongest = (rowsOf.get(snapshot) ?? [])
        .filter(({ position }) => (nats[position] ?? 0) > 0)
        .sort((a, b) => (nats[b.position] ?? 0) - (nats[a.position] ?? 0))
        .slice(0, ROWS_SHOWN)
      return {
        ...answer,
        rows: strongest.map(({ contributionId, question, answer }) => ({ contributionId, question, answer })),
      }
    }),
  )
}

interface Place {
  readonly snapshot: string
  readonly position: number
}

const readSubmissions = async ({ db }: Context, id: string): Promise<AccountStatus['submissions']> => {
  const rows = await db.query<
    Counts & { submissionId: string; proposal: string; state: string; receivedAt: Date }
  >(
    `select s.id as "submissionId", p.name as proposal, s.state, s.received_at as "receivedAt",
       (count(*) filter (where c.state = 'received'))::int as received, (count(*) filter (where c.state = 'accepted'))::int as accepted,
       (count(*) filter (where c.state = 'refused'))::int as refused, (count(*) filter (where c.state = 'review'))::int as review,
       (count(*) filter (where c.state = 'withdrawn'))::int as withdrawn
     from submissions s join proposals p on p.id = s.proposal_id left join contributions c on c.submission_id = s.id
     where s.account_id = $1 group by s.id, p.name order by s.received_at desc limit 50`,
    [id],
  )
  return rows.map(({ submissionId, proposal, state, receivedAt, ...rows }) => ({
    submissionId,
    proposal,
    state,
    receivedAt: receivedAt.toISOString(),
    rows,
  }))
}

const readAsked = async ({ db }: Context, id: string): Promise<AccountStatus['asked']> => {
  const rows = await db.query<Omit<AccountStatus['asked'][number], 'at'> & { at: Date }>(
    `select w.id as "answerId", p.name || '@' || r.version as model, w.question, w.price_units::text as "priceUnits",
       w.asked_at as at, w.receipt_id as "receiptId"
     from answers w join releases r on r.id = w.release_id join proposals p on p.id = r.proposal_id
     where w.account_id = $1 and w.state = 'answered' order by w.asked_at desc limit 25`,
    [id],
  )
  return rows.map(row => ({ ...row, at: row.at.toISOString() }))
}
