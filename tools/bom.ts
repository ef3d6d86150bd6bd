import { z } from 'zod'
import type { Db } from '../infra/db.ts'
import { idFrom } from '../infra/ids.ts'
import { findRelease, type Release } from './find.ts'
import { verb } from './registry.ts'

/** Rows that one person gave under one licence. */
interface Part {
  readonly licence: string
  readonly contributor: string
  readonly rows: number
  readonly withdrawn: number
}

interface Facts {
  readonly purpose: string
  readonly origin: 'voted' | 'own' | 'imported'
  readonly proposer: string
  readonly base: { name: string; hash: string }
  readonly recipe: Readonly<Record<string, unknown>>
  readonly root: string
  readonly anchorTx: string
  readonly rows: number
  readonly evaluation: { rows: number; baseLoss: number; adapterLoss: number; hash: string }
  readonly releaseTx: string
  readonly at: Date
}

/**
 * The bill of materials of a release, as CycloneDX 1.6 (ML-BOM): its base, its adapter by hash, its data by licence and
 * contributor with the snapshot's Merkle root, and its evaluation. Every row is counted, none is shown. The same release
 * always gives the same document, but for rows withdrawn since. Throws `model-unknown`.
 */
export const bom = verb({
  name: 'bom',
  summary: 'Show the bill of materials of a released model (CycloneDX).',
  who: ['anyone', 'member', 'operator'],
  effect: 'read',
  input: z.object({ model: z.string().max(60).describe('a released model, such as bees or bees@1') }),
  output: z.object({
    model: z.string(),
    bom: z.looseObject({
      bomFormat: z.literal('CycloneDX'),
      specVersion: z.literal('1.6'),
      serialNumber: z.string(),
      metadata: z.looseObject({}),
      components: z.array(z.looseObject({})),
    }),
  }),
  async run({ db }, input) {
    const release = await findRelease(db, input.model)
    const [facts, parts] = await Promise.all([readFacts(db, release), readParts(db, release)])
    return { model: `${release.name}@${release.version}`, bom: documentOf(release, facts, parts) }
  },
})

const readFacts = async (db: Db, release: Release): Promise<Facts> => {
  const [row] = await db.query<Facts>(
    `select p.terms->>'purpose' as purpose, p.origin, a.name as proposer, p.terms->'base' as base, t.recipe, s.root, s.anchor_tx as "anchorTx",
       s.rows, jsonb_build_object('rows', e.rows, 'baseLoss', e.base_loss, 'adapterLoss', e.adapter_loss, 'hash', e.hash) as evaluation,
       r.release_tx as "releaseTx", r.created_at as at
     from releases r join proposals p on p.id = r.proposal_id join accounts a on a.id = p.proposer_id join runs t on t.id = r.run_id
       join snapshots s on s.id = r.snapshot_id join evaluations e on e.id = r.evaluation_id where r.id = $1`,
    [release.id],
  )
  return row!
}

const readParts = (db: Db, release: Release): Promise<Part[]> =>
  db.query<Part>(
    `select c.licence, a.name as contributor, count(*)::int as rows, (count(*) filter (where c.state = 'withdrawn'))::int as withdrawn
     from snapshot_rows x join contributions c on c.id = x.contribution_id join accounts a on a.id = c.account_id
     where x.snapshot_id = $1 group by c.licence, a.id, a.name order by rows desc, c.licence, a.name, a.id`,
    [release.snapshotId],
  )

const sha256 = (content: string) => [{ alg: 'SHA-256', content }]
const property = (name: string, value: string | number) => ({
  name: `tributary:${name}`,
  value: String(value),
})

/** Models that came by no vote are not in the chain's registry: their transactions are empty. */
const transaction = (name: string, tx: string) => (tx === '' ? [] : [property(name, tx)])

const documentOf = (release: Release, facts: Facts, parts: readonly Part[]) => {
  const model = `${release.name}@${release.version}`
  const refs = { model, base: `base/${facts.base.hash}`, data: `snapshot/${facts.root}` }
  const owners = [...new Set(parts.map(({ contributor }) => contributor))]
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX' as const,
    specVersion: '1.6' as const,
    serialNumber: `urn:uuid:${idFrom('bom', release.id)}`,
    version: 1,
    metadata: {
      timestamp: facts.at.toISOString(),
      tools: { components: [{ type: 'application', name: 'tributary' }] },
      authors: [{ name: facts.proposer }],
      component: modelOf(release, facts, refs),
    },
    components: [
      {
        type: 'machine-learning-model',
        'bom-ref': refs.base,
        name: facts.base.name,
        hashes: sha256(facts.base.hash),
      },
      {
        type: 'data',
        'bom-ref': refs.data,
        name: `${release.name} datanet`,
        version: facts.root,
        description:
          facts.rows === 0
            ? 'Not known: the adapter was tuned elsewhere and says nothing of its data.'
            : 'The frozen rows that the adapter was trained on, by licence and contributor.',
        hashes: sha256(facts.root),
        authors: owners.map(name => ({ name })),
        data: [
          {
            type: 'dataset',
            name: `${release.name} datanet`,
            governance: { owners: owners.map(name => ({ organization: { name } })) },
          },
        ],
        properties: [property('rows', facts.rows), ...transaction('anchor-tx', facts.anchorTx)],
        components: parts.map((part, position) => ({
          type: 'data',
          'bom-ref': `${refs.data}/${position}`,
          name: `rows of ${part.contributor} under ${part.licence}`,
          authors: [{ name: part.contributor }],
          licenses: [{ expression: part.licence }],
          data: [{ type: 'dataset', name: 'questions and answers' }],
          properties: [property('rows', part.rows), property('rows-withdrawn-since', part.withdrawn)],
        })),
      },
    ],
    dependencies: [
      { ref: refs.model, dependsOn: [refs.base, refs.data] },
      { ref: refs.base },
      { ref: refs.data },
    ],
    compositions: [
      {
        aggregate: facts.rows === 0 ? 'unknown' : 'complete',
        assemblies: [refs.data],
        dependencies: [refs.model],
      },
    ],
  }
}

const modelOf = (
  release: Release,
  { purpose, origin, base, recipe, evaluation, releaseTx }: Facts,
  refs: { model: string; base: string; data: string },
) => ({
  type: 'machine-learning-model',
  'bom-ref': refs.model,
  name: release.name,
  version: String(release.version),
  description: purpose,
  hashes: sha256(release.adapterHash),
  pedigree: {
    ancestors: [{ type: 'machine-learning-model', name: base.name, hashes: sha256(base.hash) }],
    notes: 'A LoRA adapter on the ancestor; the hash above is that of adapter_model.safetensors.',
  },
  modelCard: {
    modelParameters: {
      approach: { type: 'supervised' },
      task: 'text-generation',
      datasets: [{ ref: refs.data }],
    },
    quantitativeAnalysis: {
      performanceMetrics: [
        {
          type: 'loss of the base, nats a token',
          value: String(evaluation.baseLoss),
          slice: 'held-out answers',
        },
        {
          type: 'loss of the model, nats a token',
          value: String(evaluation.adapterLoss),
          slice: 'held-out answers',
        },
      ],
    },
    properties: [
      property('evaluation-rows', evaluation.rows),
      property('evaluation-hash', evaluation.hash),
      property('origin', origin),
      ...transaction('release-tx', releaseTx),
      ...Object.entries(recipe).map(([name, value]) =>
        property(`recipe:${name}`, typeof value === 'string' ? value : JSON.stringify(value)),
      ),
    ],
  },
})
