import { isAbsolute } from 'node:path'
import { z } from 'zod'
import { fault } from '../infra/errors.ts'
import { idFrom } from '../infra/ids.ts'
import { withLease } from '../infra/leases.ts'
import type { LoraShape } from '../models/adapter-config.ts'
import type { Context } from './context.ts'
import { hashed, judge } from './evaluate.ts'
import { type Brought, bringAdapter } from './own-models/bring.ts'
import { openOwn, ownerOf } from './own-models/proposal.ts'
import { releaseOwn } from './own-models/release.ts'
import { spdx } from './own-models/rows.ts'
import { verb } from './registry.ts'
import { keepSnapshot, noRows } from './snapshot.ts'
import { modelName, terms, tokens } from './terms.ts'

/**
 * Serves an adapter that was tuned elsewhere, as the next version of an imported model. One that a node like this one made
 * names its rows in its header: where this network has them, they are its rows, it is judged on their held-out ones, and
 * their contributors earn. Otherwise nobody knows its rows: it is judged on none, and its data share goes to its commons.
 * Throws `folder-relative`, `name-taken`, `price-fixed`, `licence-unknown`, and what `bringAdapter` throws.
 */
export const importAdapter = verb({
  name: 'import-adapter',
  summary: 'Serve a LoRA adapter from a PEFT folder, tuned elsewhere on the same base.',
  who: ['operator'],
  effect: 'write',
  input: z.object({
    name: modelName,
    folder: z
      .string()
      .min(1)
      .max(1_000)
      .describe('absolute path of the PEFT folder, on the machine of the node'),
    purpose: terms.shape.purpose.optional(),
    price: tokens.optional().describe('tokens a question; nothing by default'),
    licence: z.string().trim().min(1).max(60).describe('SPDX expression'),
    account: z.uuid().optional().describe("whose model it is; the operator's by default"),
    sameBase: z.boolean().default(false).describe('its base has another name and the same weights'),
  }),
  output: z.object({
    releaseId: z.string(),
    model: z.string(),
    version: z.number(),
    adapterHash: z.string(),
    rank: z.number(),
    targets: z.array(z.string()),
    /** Rows of this network that it was tuned on; 0 where nobody knows them. */
    rows: z.number(),
    /** Nats a token over the held-out answers; null where there are none. */
    evaluation: z.object({ rows: z.number(), baseLoss: z.number(), adapterLoss: z.number() }).nullable(),
  }),
  async run(context, input) {
    const { name, price, folder } = input
    if (!isAbsolute(folder))
      throw fault('folder-relative', 'The path of the adapter is not absolute.', {
        fix: 'Write the whole path, such as /home/you/adapter.',
      })
    const licence = spdx(input.licence)
    return withLease(context.db, context.clock, `own-model/${name}`, 60, async () => {
      const accountId = await ownerOf(context, input.account)
      const brought = await bringAdapter(context, folder, input.sameBase)
      const known = await knownRows(context, brought)
      const runId = idFrom('run', context.key)
      const blob = known?.evaluationBlob ?? (await context.blobs.put(new Uint8Array()))
      const trial = { runId, adapterHash: brought.hash, evaluationBlob: blob }
      const judged =
        known === null
          ? hashed(trial, unjudged)
          : await judge(context, { ...trial, snapshotId: known.snapshotId, minimumImprovement: -Infinity })
      if (!judged.result.passed)
        throw fault('adapter-invalid', 'The adapter gives no finite loss on the held-out rows.', {
          fix: 'Check that it was tuned on this base.',
        })
      return context.commit(async tx => {
        const proposalId = await openOwn(context, tx, {
          name,
          origin: 'imported',
          accountId,
          purpose: input.purpose,
          price,
          licences: [licence],
          rows: known?.rows ?? 0,
          evaluation: { blob, rows: judged.result.rows },
        })
        const noSnapshot = idFrom('snapshot', proposalId, noRows.root)
        const [kept] = await tx.query('select id from snapshots where id = $1', [noSnapshot])
        if (known === null && kept === undefined)
          await keepSnapshot(context, tx, { id: noSnapshot, proposalId, anchorTx: '', frozen: noRows })
        const snapshotId = known?.snapshotId ?? noSnapshot
        const now = context.clock.now()
        await tx.query(
          `insert into runs (id, proposal_id, snapshot_id, recipe, state, adapter_hash, evaluation_blob, created_at, ended_at) values ($1, $2, $3, $4, 'trained', $5, $6, $7, $7)`,
          [runId, proposalId, snapshotId, JSON.stringify(shapeOf(brought.shape)), brought.hash, blob, now],
        )
        const { releaseId, version } = await releaseOwn(context, tx, {
          origin: 'imported',
          name,
          proposalId,
          runId,
          snapshotId,
          root: known?.root ?? noRows.root,
          adapterHash: brought.hash,
          judged,
          calibrate: false,
        })
        const { rows, baseLoss, adapterLoss } = judged.result
        return {
          releaseId,
          model: `${name}@${version}`,
          version,
          adapterHash: brought.hash,
          ...shapeOf(brought.shape),
          rows: known?.rows ?? 0,
          evaluation: known === null ? null : { rows, baseLoss, adapterLoss },
        }
      })
    })
  },
})

/** No held-out row says how good it is, so no answer of it earns anything for rows either. */
const unjudged = { rows: 0, baseLoss: 0, adapterLoss: 0, gain: 0, passed: true, reason: null } as const

const shapeOf = ({ rank, targets }: LoraShape) => ({ rank, targets: [targets].flat() })

interface KnownRows {
  readonly snapshotId: string
  readonly root: string
  readonly rows: number
  readonly evaluationBlob: string
}

/** The rows that the adapter's header names, where this network froze them. */
const knownRows = async ({ db }: Context, { manifest }: Brought): Promise<KnownRows | null> => {
  const [found] = await db.query<KnownRows>(
    `select s.id as "snapshotId", s.root, s.rows, coalesce(r.evaluation_blob, p.evaluation_blob) as "evaluationBlob"
     from snapshots s join proposals p on p.id = s.proposal_id left join runs r on r.snapshot_id = s.id and r.id::text = $2
     where s.root = $1 and s.rows > 0 limit 1`,
    [manifest.snapshot ?? null, manifest.run ?? null],
  )
  return found ?? null
}
