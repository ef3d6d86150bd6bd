import { z } from 'zod'
import { verb } from './registry.ts'
import { split, unitsText } from './terms.ts'

/** The card of a released model: what it is for, what is in it, how it was judged, what it costs and whom it pays. */
export const modelCard = z.object({
  name: z.string(),
  version: z.number(),
  proposal: z.string(),
  /** Whether a vote made it, its owner did without one, or its adapter was tuned elsewhere. */
  origin: z.enum(['voted', 'own', 'imported']),
  purpose: z.string(),
  proposer: z.string(),
  base: z.object({ name: z.string(), hash: z.string() }),
  adapterHash: z.string(),
  rank: z.number().nullable(),
  runId: z.string(),
  rows: z.number(),
  snapshotRoot: z.string(),
  snapshotTx: z.string(),
  licences: z.array(z.object({ licence: z.string(), rows: z.number() })),
  contributors: z.array(z.object({ name: z.string(), rows: z.number() })),
  /** Loss in nats a token over the held-out answers. */
  evaluation: z.object({
    rows: z.number(),
    baseLoss: z.number(),
    adapterLoss: z.number(),
    minimumImprovement: z.number(),
    hash: z.string(),
  }),
  priceUnits: unitsText,
  split,
  releaseTx: z.string(),
  releasedAt: z.string(),
  answers: z.number(),
  thumbs: z.object({ up: z.number(), down: z.number() }),
})
export type ModelCard = z.output<typeof modelCard>

type Row = Omit<ModelCard, 'releasedAt'> & { releasedAt: Date }

/** Lists the released models, newest release first, each with its card. Changes nothing. */
export const models = verb({
  name: 'models',
  summary: 'List the released models with their cards.',
  who: ['anyone', 'member', 'operator'],
  effect: 'read',
  input: z.object({ model: z.string().max(60).optional().describe('a model, to see only its versions') }),
  output: z.object({ models: z.array(modelCard) }),
  async run({ db }, input) {
    const rows = await db.query<Row>(
      `select p.name, r.version, p.id as proposal, p.origin, p.terms->>'purpose' as purpose, a.name as proposer, p.terms->'base' as base,
         r.adapter_hash as "adapterHash", (t.recipe->>'rank')::int as rank, r.run_id as "runId", s.rows, s.root as "snapshotRoot",
         s.anchor_tx as "snapshotTx",
         (select jsonb_agg(jsonb_build_object('licence', licence, 'rows', n) order by n desc, licence) from
            (select c.licence, count(*) as n from snapshot_rows x join contributions c on c.id = x.contribution_id
             where x.snapshot_id = s.id group by c.licence) counted) as licences,
         (select jsonb_agg(jsonb_build_object('name', name, 'rows', n) order by n desc, name) from
            (select b.name, count(*) as n from snapshot_rows x join contributions c on c.id = x.contribution_id
             join accounts b on b.id = c.account_id where x.snapshot_id = s.id group by b.id, b.name) counted) as contributors,
         jsonb_build_object('rows', e.rows, 'baseLoss', e.base_loss, 'adapterLoss', e.adapter_loss,
           'minimumImprovement', p.terms->'evaluation'->'minimumImprovement', 'hash', e.hash) as evaluation,
         p.price_units::text as "priceUnits", p.terms->'split' as split, r.release_tx as "releaseTx", r.created_at as "releasedAt",
         (select count(*)::int from answers w where w.release_id = r.id and w.state = 'answered') as answers,
         (select jsonb_build_object('up', count(*) filter (where f.thumb = 1), 'down', count(*) filter (where f.thumb = -1))
            from feedback f join answers w on w.id = f.answer_id where w.release_id = r.id) as thumbs
       from releases r join proposals p on p.id = r.proposal_id join accounts a on a.id = p.proposer_id join runs t on t.id = r.run_id
         join snapshots s on s.id = r.snapshot_id join evaluations e on e.id = r.evaluation_id
       where $1::text is null or p.name = $1 order by r.created_at desc limit 100`,
      [input.model?.trim().toLowerCase().split('@')[0] ?? null],
    )
    return {
      models: rows.map(row => ({
        ...row,
        licences: row.licences ?? [],
        contributors: row.contributors ?? [],
        releasedAt: row.releasedAt.toISOString(),
      })),
    }
  },
})
