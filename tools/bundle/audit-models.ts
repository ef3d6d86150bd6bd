import { canonicalJson, sha256Hex } from '../../infra/canonical.ts'
import { idWord } from '../../infra/ids.ts'
import { sha256Root } from '../../infra/merkle.ts'
import { noRows, snapshotLeaf } from '../snapshot.ts'
import { type Check, examine, groupBy, type Wrong } from './check.ts'
import { type Evidence, hexOf, wordOf } from './evidence.ts'
import type { BundleRecord } from './format.ts'

const rootOf = (rows: readonly BundleRecord<'rows'>[]): string =>
  rows.length === 0 ? '' : hexOf(sha256Root(rows.map(row => Buffer.from(row.leaf, 'hex'))))

const auditRows = (wrong: Wrong, what: string, rows: readonly BundleRecord<'rows'>[]): void => {
  const clusters = new Set<number>()
  for (const [at, row] of rows.entries()) {
    if (row.position !== at) wrong(`${what} has row ${row.position} in place ${at}`)
    const { contribution, account, contentHash, licence } = row
    if (hexOf(snapshotLeaf({ contribution, account, contentHash, licence })) !== row.leaf)
      wrong(`row ${row.position} of ${what} has another leaf than its content, owner and licence`)
    if (row.canonical === clusters.has(row.cluster))
      wrong(`row ${row.position} of ${what} is not the first of its cluster`)
    clusters.add(row.cluster)
  }
}

/** Checks every frozen datanet row by row, every evaluation by its hash, and every release against the chain. */
export const auditModels = async ({ records, witness }: Evidence): Promise<Check[]> => {
  // What the chain's registry does not hold is judged by the ledger, in audit-origins.ts.
  const outside = new Set(records.proposals.flatMap(({ id, origin }) => (origin === 'voted' ? [] : [id])))
  const rowsOf = groupBy(records.rows, row => row.snapshot)
  const snapshots = await examine(
    'every snapshot has the root of its rows, and the chain holds it',
    wrong => {
      for (const snapshot of records.snapshots) {
        const what = `the snapshot ${snapshot.id}`
        const rows = rowsOf.get(snapshot.id) ?? []
        auditRows(wrong, what, rows)
        const known = rows.length > 0 || !outside.has(snapshot.proposal)
        const root = known ? rootOf(rows) : noRows.root
        if (root !== snapshot.root || rows.length !== snapshot.rows)
          wrong(`${what} has another root than its rows`)
        const licences = groupBy(rows, row => row.licence)
        const table = canonicalJson(
          Object.fromEntries([...licences].map(([name, group]) => [name, group.length])),
        )
        if (table !== canonicalJson(snapshot.licences))
          wrong(`${what} has another licence table than its rows`)
        if (outside.has(snapshot.proposal)) continue
        const args = witness.prove(wrong, what, snapshot.tx, 'Registry.anchorSnapshot')
        if (args === null) continue
        if (args[0] !== idWord(snapshot.proposal)) wrong(`${what} is another proposal's on chain`)
        if (args[1] !== wordOf(snapshot.root) || args[2] !== snapshot.rows)
          wrong(`${what} has another root on chain`)
      }
      const withdrawn = records.rows.filter(row => row.withdrawn).length
      return {
        count: records.snapshots.length,
        detail: `${records.rows.length} rows, ${withdrawn} withdrawn since`,
      }
    },
  )

  const evaluations = await examine('every evaluation has its hash', wrong => {
    for (const item of records.evaluations) {
      const { run, adapter, evaluation, rows, baseLoss, adapterLoss, gain, passed, reason } = item
      const hash = sha256Hex(
        canonicalJson({ run, adapter, evaluation, rows, baseLoss, adapterLoss, gain, passed, reason }),
      )
      if (hash !== item.hash) wrong(`the evaluation ${item.id} has other results than were recorded`)
    }
    return { count: records.evaluations.length, detail: 'losses and gain as recorded' }
  })

  const releases = await examine("every release's hashes are on chain", wrong => {
    const byId = {
      proposal: new Map(records.proposals.map(item => [item.id, item])),
      snapshot: new Map(records.snapshots.map(item => [item.id, item])),
      evaluation: new Map(records.evaluations.map(item => [item.id, item])),
    }
    const versions = new Map<string, number>()
    for (const release of records.releases) {
      const what = `release ${release.version} of ${release.proposal}`
      const version = (versions.get(release.proposal) ?? 0) + 1
      versions.set(release.proposal, version)
      if (release.version !== version) wrong(`${what} does not follow release ${version - 1}`)
      const proposal = byId.proposal.get(release.proposal)
      const snapshot = byId.snapshot.get(release.snapshot)
      const evaluation = byId.evaluation.get(release.evaluation)
      if (proposal === undefined || snapshot === undefined || evaluation === undefined) {
        wrong(`${what} names a proposal, snapshot or evaluation that is missing`)
        continue
      }
      if (!evaluation.passed) wrong(`${what} did not pass its evaluation`)
      if (
        evaluation.adapter !== release.adapter ||
        evaluation.snapshot !== release.snapshot ||
        evaluation.run !== release.run
      )
        wrong(`${what} is of another run than its evaluation`)
      if (outside.has(release.proposal)) continue
      const adapter = wordOf(release.adapter)
      const told = [
        idWord(release.proposal),
        wordOf(proposal.base),
        adapter,
        wordOf(snapshot.root),
        wordOf(evaluation.hash),
      ]
      const commit = witness.prove(wrong, what, release.commitTx, 'Registry.commitAdapter')
      if (commit !== null && commit.join() !== told.join())
        wrong(`${what} has another base, adapter, snapshot or evaluation on chain`)
      const args = witness.prove(wrong, what, release.releaseTx, 'Registry.release')
      const wanted = [idWord(release.proposal), release.version, adapter, wordOf(evaluation.hash)]
      if (args !== null && args.join() !== wanted.join())
        wrong(`${what} has another number or adapter on chain`)
    }
    return { count: records.releases.length, detail: 'base, adapter, snapshot and evaluation' }
  })
  return [snapshots, evaluations, releases]
}
