import { z } from 'zod'
import { fault } from '../infra/errors.ts'
import { balance } from '../infra/money.ts'
import type { Context } from './context.ts'
import { verb } from './registry.ts'
import { split, unitsText } from './terms.ts'

const state = z.enum([
  'voting',
  'gathering',
  'tuning',
  'evaluating',
  'serving',
  'rejected',
  'failed',
  'retired',
])

/** Where one proposal stands. Loss is in nats a token, times are ISO text. */
export const proposalStatus = z.object({
  id: z.string(),
  name: z.string(),
  state,
  reason: z.string().nullable(),
  proposer: z.string(),
  purpose: z.string(),
  dataWanted: z.string(),
  licences: z.array(z.string()),
  rowsWanted: z.number(),
  minimumImprovement: z.number(),
  split,
  priceUnits: unitsText,
  /** How it came: by a vote, by its owner's own rows, or as an adapter from outside. The last two had no poll and no bond. */
  origin: z.enum(['voted', 'own', 'imported']),
  bondUnits: unitsText,
  bondTx: z.string(),
  termsHash: z.string(),
  createdAt: z.string(),
  closesAt: z.string(),
  /** When the proposer ended the gathering; null while rows are taken. */
  gatheringClosedAt: z.string().nullable(),
  /** How many voted; for what stays sealed until the poll closes. */
  ballots: z.number(),
  poll: z
    .object({
      yesUnits: unitsText,
      noUnits: unitsText,
      passed: z.boolean(),
      root: z.string(),
      tx: z.string(),
      /** When nobody can dispute the result any more; nothing is frozen on chain before. */
      finalAt: z.string(),
    })
    .nullable(),
  pledgedUnits: unitsText,
  pledges: z.number(),
  rows: z.object({
    received: z.number(),
    accepted: z.number(),
    refused: z.number(),
    review: z.number(),
    withdrawn: z.number(),
  }),
  contributors: z.number(),
  snapshot: z.object({ rows: z.number(), root: z.string(), tx: z.string() }).nullable(),
  run: z
    .object({
      id: z.string(),
      state: z.enum(['queued', 'training', 'trained', 'failed']),
      step: z.number().nullable(),
      steps: z.number().nullable(),
      loss: z.number().nullable(),
      tokensPerSecond: z.number().nullable(),
      secondsLeft: z.number().nullable(),
      reason: z.string().nullable(),
    })
    .nullable(),
  evaluation: z
    .object({
      rows: z.number(),
      baseLoss: z.number(),
      adapterLoss: z.number(),
      passed: z.boolean(),
      reason: z.string().nullable(),
    })
    .nullable(),
  release: z.object({ version: z.number(), tx: z.string(), at: z.string() }).nullable(),
  answers: z.number(),
  /** The caller's own part: whether they proposed it, their ballot (null without one) and what it weighs. */
  mine: z.object({ proposer: z.boolean(), choice: z.enum(['yes', 'no']).nullable(), weightUnits: unitsText }),
})
export type ProposalStatus = z.output<typeof proposalStatus>

const output = z.object({
  network: z.object({
    at: z.string(),
    base: z.string(),
    /** What the engine runs on and the memory it holds, as of its last answer. */
    engine: z.object({
      device: z.string(),
      weights: z.string(),
      threads: z.number(),
      embedding: z.string(),
      sessions: z.number(),
      baseBytes: z.number(),
      packedBytes: z.number(),
      adapters: z.number(),
      adapterBytes: z.number(),
      merged: z.number(),
      mergedBytes: z.number(),
      serving: z.object({
        running: z.number(),
        waiting: z.number(),
        keyValueBytes: z.number(),
        bankBytes: z.number(),
        prefixBytes: z.number(),
        prefixHits: z.number(),
      }),
      processBytes: z.number(),
    }),
    accounts: z.number(),
    answers: z.number(),
    events: z.number(),
    anchoredEvents: z.number(),
    epoch: z.object({ number: z.number(), state: z.string(), incomeUnits: unitsText }).nullable(),
    paidUnits: unitsText,
    claimedUnits: unitsText,
  }),
  proposals: z.array(proposalStatus),
  me: z
    .object({
      accountId: z.string(),
      name: z.string(),
      balanceUnits: unitsText,
      contributions: z.object({
        received: z.number(),
        accepted: z.number(),
        refused: z.number(),
        review: z.number(),
        withdrawn: z.number(),
      }),
      asked: z.number(),
    })
    .nullable(),
})

/** Tells where the network, its proposals (the newest fifty, or the one named) and the caller stand. Changes nothing. */
export const status = verb({
  name: 'status',
  summary: 'Show where the network, its proposals and you stand.',
  who: ['anyone', 'member', 'operator'],
  effect: 'read',
  input: z.object({ proposal: z.string().max(60).optional().describe('a model, to see only that one') }),
  output,
  async run(context, input) {
    const proposals = await readProposals(context, input.proposal)
    if (input.proposal !== undefined && proposals.length === 0)
      throw fault('proposal-unknown', `There is no proposal or model named "${input.proposal}".`, {
        fix: 'Look at the list with /status.',
      })
    return { network: await readNetwork(context), proposals, me: await readMe(context) }
  },
})

const none = { received: 0, accepted: 0, refused: 0, review: 0, withdrawn: 0 }

const readNetwork = async ({ db, clock, engine }: Context): Promise<z.output<typeof output>['network']> => {
  const [counts] = await db.query<{
    accounts: number
    answers: number
    events: bigint
    anchored: bigint
    paid: string
    claimed: string
  }>(
    `select (select count(*)::int from accounts) as accounts, (select count(*)::int from answers where state = 'answered') as answers,
       (select seq from ledger_head) as events, (select coalesce(max(to_seq), 0)::bigint from anchors where tx is not null) as anchored,
       (select coalesce(sum(paid_units), 0)::text from epochs where state = 'active') as paid,
       (select coalesce(sum(units), 0)::text from claims) as claimed`,
  )
  const [epoch] = await db.query<{ number: number; state: string; income: bigint }>(
    `select number, state, case when state = 'open' then coalesce((select units from balances where account = 'income:' || number), 0)
       else income_units end as income from epochs order by number desc limit 1`,
  )
  return {
    at: clock.now().toISOString(),
    base: engine.base.name,
    engine: engine.status(),
    accounts: counts?.accounts ?? 0,
    answers: counts?.answers ?? 0,
    events: Number(counts?.events ?? 0n),
    anchoredEvents: Number(counts?.anchored ?? 0n),
    epoch:
      epoch === undefined
        ? null
        : { number: epoch.number, state: epoch.state, incomeUnits: epoch.income.toString() },
    paidUnits: counts?.paid ?? '0',
    claimedUnits: counts?.claimed ?? '0',
  }
}

const readMe = async ({ db, caller }: Context): Promise<z.output<typeof output>['me']> => {
  const [account] = await db.query<{ id: string; name: string }>(
    'select id, name from accounts where id = $1',
    [caller.accountId],
  )
  if (account === undefined) return null
  const rows = await db.query<{ state: keyof typeof none; rows: number }>(
    'select state, count(*)::int as rows from contributions where account_id = $1 group by state',
    [account.id],
  )
  const [answers] = await db.query<{ asked: number }>(
    'select count(*)::int as asked from answers where account_id = $1',
    [account.id],
  )
  return {
    accountId: account.id,
    name: account.name,
    balanceUnits: (await balance(db, `balance:${account.id}`)).toString(),
    contributions: { ...none, ...Object.fromEntries(rows.map(({ state, rows }) => [state, rows])) },
    asked: answers?.asked ?? 0,
  }
}

type Row = Omit<
  ProposalStatus,
  'mine' | 'createdAt' | 'closesAt' | 'gatheringClosedAt' | 'release' | 'poll'
> & {
  createdAt: Date
  closesAt: Date
  gatheringClosedAt: Date | null
  poll: (Omit<NonNullable<ProposalStatus['poll']>, 'finalAt'> & { closedAt: string }) | null
  release: { version: number; tx: string; at: string } | null
  proposedByMe: boolean
  choice: 'yes' | 'no' | null
  weightUnits: string
}

// One statement for all proposals: a page that polls it once a second must not cost a query per proposal.
const readProposals = async (
  { db, caller, chain }: Context,
  named: string | undefined,
): Promise<ProposalStatus[]> => {
  const rows = await db.query<Row>(
    `select p.id, p.name, p.state, p.reason, a.name as proposer, p.terms->>'purpose' as purpose, p.terms->>'dataWanted' as "dataWanted",
       p.terms->'licences' as licences, (p.terms->>'rowsWanted')::int as "rowsWanted",
       (p.terms->'evaluation'->>'minimumImprovement')::float8 as "minimumImprovement", p.terms->'split' as split,
       p.price_units::text as "priceUnits", p.origin, p.bond_units::text as "bondUnits", p.bond_tx as "bondTx", p.terms_hash as "termsHash",
       p.created_at as "createdAt", p.closes_at as "closesAt", p.gathering_closed_at as "gatheringClosedAt",
       (select count(*)::int from ballots where proposal_id = p.id) as ballots,
       (select jsonb_build_object('yesUnits', yes_units::text, 'noUnits', no_units::text, 'passed', passed, 'root', root, 'tx', tx, 'closedAt', closed_at)
          from polls where proposal_id = p.id) as poll,
       (select coalesce(sum(units), 0)::text from pledges where proposal_id = p.id) as "pledgedUnits",
       (select count(*)::int from pledges where proposal_id = p.id) as pledges,
       (select jsonb_build_object('received', count(*) filter (where state = 'received'), 'accepted', count(*) filter (where state = 'accepted'),
            'refused', count(*) filter (where state = 'refused'), 'review', count(*) filter (where state = 'review'),
            'withdrawn', count(*) filter (where state = 'withdrawn')) from contributions where proposal_id = p.id) as rows,
       (select count(distinct account_id)::int from contributions where proposal_id = p.id and state = 'accepted') as contributors,
       (select jsonb_build_object('rows', rows, 'root', root, 'tx', anchor_tx) from snapshots
          where proposal_id = p.id order by created_at desc limit 1) as snapshot,
       (select jsonb_build_object('id', r.id, 'state', r.state, 'step', r.progress->'step', 'steps', r.progress->'steps', 'loss', r.progress->'loss',
            'tokensPerSecond', r.progress->'tokensPerSecond', 'secondsLeft', r.progress->'secondsLeft', 'reason', r.reason)
          from runs r where proposal_id = p.id order by created_at desc limit 1) as run,
       (select jsonb_build_object('rows', e.rows, 'baseLoss', e.base_loss, 'adapterLoss', e.adapter_loss, 'passed', e.passed, 'reason', e.reason)
          from evaluations e join runs r on r.id = e.run_id where r.proposal_id = p.id order by e.created_at desc limit 1) as evaluation,
       (select jsonb_build_object('version', version, 'tx', release_tx, 'at', to_char(created_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))
          from releases where proposal_id = p.id order by version desc limit 1) as release,
       (select count(*)::int from answers w join releases r on r.id = w.release_id where r.proposal_id = p.id and w.state = 'answered') as answers,
       p.proposer_id = $1 as "proposedByMe",
       (select choice from ballots where proposal_id = p.id and account_id = $1) as choice,
       coalesce((select weight_units from voting_power where proposal_id = p.id and account_id = $1), 0)::text as "weightUnits"
     from proposals p join accounts a on a.id = p.proposer_id
     where $2::text is null or p.name = $2 or p.id::text = $2 order by p.created_at desc limit 50`,
    [caller.accountId, named?.trim().toLowerCase() ?? null],
  )
  return rows.map(
    ({ proposedByMe, choice, weightUnits, createdAt, closesAt, gatheringClosedAt, poll, ...row }) => ({
      ...row,
      poll: poll && finalPoll(poll, chain.disputeWindowSeconds),
      gatheringClosedAt: gatheringClosedAt?.toISOString() ?? null,
      createdAt: createdAt.toISOString(),
      closesAt: closesAt.toISOString(),
      mine: { proposer: proposedByMe ?? false, choice, weightUnits },
    }),
  )
}

const finalPoll = ({ closedAt, ...poll }: NonNullable<Row['poll']>, windowSeconds: number) => ({
  ...poll,
  finalAt: new Date(new Date(closedAt).getTime() + windowSeconds * 1000).toISOString(),
})
