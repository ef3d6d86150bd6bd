import { toSql } from 'pgvector'
import { z } from 'zod'
import type { Finding, Row } from './checks/check.ts'
import { checks } from './checks/curate.ts'
import type { Context } from './context.ts'
import { datanetOf } from './datanet.ts'
import { verb } from './registry.ts'

const reason = z.enum([
  'schema',
  'licence',
  'injection',
  'secrets',
  'personal-data',
  'toxicity',
  'gibberish',
  'language',
  'length',
  'contamination',
  'duplicate',
  'relevance',
])

export const finding = z.object({
  id: z.string(),
  check: reason,
  verdict: z.enum(['pass', 'refuse', 'review']),
  message: z.string(),
  fix: z.string().nullable(),
  /** The row this one repeats, where it does. */
  first: z.string().nullable(),
  /** The cluster of rows that say the same; only `duplicate` finds it. */
  cluster: z.string().nullable(),
})
export type RowFinding = z.infer<typeof finding>

/** Names of the checks in order of precedence: the first refusal is a row's reason. */
export const checkNames = checks.map(([name]) => name)

/**
 * Runs one check over the undecided rows of a submission (or some of them) and returns what it found; what people wrote
 * stays inside. `duplicate` goes last and over the rows that the others let through, in order: it compares with every
 * accepted row, and the rows it passes count as placed.
 */
export const check = verb({
  name: 'check',
  summary: 'Run one check over the rows of a submission.',
  who: ['curator'],
  effect: 'read',
  input: z.object({
    submissionId: z.string(),
    check: reason,
    only: z.array(z.string()).nullable().default(null),
  }),
  output: z.object({ findings: z.array(finding) }),
  async run(context, input) {
    const rows = await context.db.query<Row & { proposal: string }>(
      `select id, proposal_id as proposal, account_id as account, question, answer, licence from contributions
       where submission_id = $1 and state = 'received' and ($2::uuid[] is null or id = any($2)) order by seq`,
      [input.submissionId, input.only],
    )
    const [first] = rows
    const run = checks.find(([name]) => name === input.check)?.[1]
    if (first === undefined || run === undefined) return { findings: [] }
    const cosines =
      input.check === 'duplicate'
        ? await neighbours(context, first.proposal, rows)
        : new Map<string, Map<string, number>>()
    const { view, policy, place } = await datanetOf(context, first.proposal, cosines)
    const findings: RowFinding[] = []
    for (const row of rows) {
      const found = run(row, policy, view)
      const cluster =
        input.check === 'duplicate' && found.verdict === 'pass' ? place(row, clusterOf(found)) : null
      findings.push({
        id: row.id,
        check: found.check,
        verdict: found.verdict,
        message: found.message,
        fix: found.fix ?? null,
        first: found.first ?? null,
        cluster,
      })
    }
    return { findings }
  },
})

/** The cluster that `duplicate` found among the account's own rows. */
const clusterOf = (found: Finding): string | undefined => {
  const cluster = found.facts?.cluster
  return typeof cluster === 'string' ? cluster : undefined
}

/**
 * Embeds the rows and finds, for each, the nearest accepted rows of the datanet by cosine (pgvector), among those embedded
 * the same way. A base without an embedding adapter gives no hint: its vectors lie at 0.88 to 0.95 whatever rows say.
 */
const neighbours = async (
  context: Context,
  proposalId: string,
  rows: readonly Row[],
): Promise<Map<string, Map<string, number>>> => {
  const { embedding } = context.engine.status()
  if (embedding === 'base') return new Map()
  const vectors = await context.engine.embed(rows.map(row => `${row.question}\n${row.answer}`))
  const embedded = rows.map((row, at) => ({
    id: row.id,
    vector: toSql(Array.from(vectors[at] ?? [])) as string,
  }))
  await context.db.query(
    'update contributions c set embedding = r.vector::vector, embedding_of = $2 from jsonb_to_recordset($1::jsonb) as r(id uuid, vector text) where c.id = r.id',
    [JSON.stringify(embedded), embedding],
  )
  const near = await context.db.query<{ id: string; other: string; cosine: number }>(
    `select c.id, n.id as other, 1 - n.distance as cosine from contributions c cross join lateral (
       select o.id, o.embedding <=> c.embedding as distance from contributions o
       where o.proposal_id = $1 and o.state = 'accepted' and o.embedding_of = c.embedding_of order by o.embedding <=> c.embedding limit 4) n
     where c.id = any($2::uuid[])`,
    [proposalId, rows.map(row => row.id)],
  )
  const found = new Map<string, Map<string, number>>()
  for (const { id, other, cosine } of near) found.set(id, (found.get(id) ?? new Map()).set(other, cosine))
  return found
}
