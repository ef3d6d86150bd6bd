import { type CheckPolicy, defaultCheckPolicy, type Row } from './checks/check.ts'
import { Datanet } from './checks/datanet-view.ts'
import type { Context, Network } from './context.ts'
import { parseRows } from './evaluate.ts'
import { findProposal } from './find.ts'

/** The rows of one datanet as the checks see them; grows with every accepted row, never holds a refused one. */
export interface LiveDatanet {
  readonly view: Datanet
  readonly policy: CheckPolicy
  /** Adds a row once and returns its cluster: the id of the first row that says the same. */
  place(row: Row, cluster?: string): string
}

interface Kept extends LiveDatanet {
  seq: bigint
  /** Of the rows being checked now: cosines to their nearest accepted rows. */
  cosines: ReadonlyMap<string, ReadonlyMap<string, number>>
}

const kept = new WeakMap<Network['db'], Map<string, Kept>>()

/** The datanet of a proposal, brought up to date from the database. One curator works on a datanet at a time. */
export const datanetOf = async (
  context: Context,
  proposalId: string,
  cosines: Map<string, Map<string, number>>,
): Promise<LiveDatanet> => {
  const all = kept.get(context.db) ?? new Map<string, Kept>()
  kept.set(context.db, all)
  const known = all.get(proposalId) ?? (await begin(context, proposalId))
  all.set(proposalId, known)
  known.cosines = cosines
  const rows = await context.db.query<{
    seq: bigint
    id: string
    account: string
    question: string
    answer: string
    licence: string
  }>(
    `select seq, id, account_id as account, question, answer, licence from contributions
     where proposal_id = $1 and state = 'accepted' and seq > $2 order by seq`,
    [proposalId, known.seq],
  )
  for (const row of rows) {
    known.place(row)
    known.seq = row.seq
  }
  return known
}

/** Forgets what is kept of a datanet, after an error or a withdrawal; the next look rebuilds it. */
export const forgetDatanet = (network: Network, proposalId: string): void => {
  kept.get(network.db)?.delete(proposalId)
}

/** Forgets every datanet of this network: after a failed curation, what was placed may never have been accepted. */
export const forgetDatanets = (network: Pick<Network, 'db'>): void => {
  kept.delete(network.db)
}

const begin = async (context: Context, proposalId: string): Promise<Kept> => {
  const { terms, evaluationBlob } = await findProposal(context.db, proposalId)
  const policy = { ...defaultCheckPolicy, licences: terms.licences }
  const clusters = new Map<string, string>()
  const view = new Datanet({
    purpose: `${terms.purpose}\n${terms.dataWanted}`,
    heldOut: parseRows(await context.blobs.get(evaluationBlob)),
    policy,
    cosines: row => live.cosines.get(row.id) ?? new Map(),
  })
  const live: Kept = {
    view,
    policy,
    seq: 0n,
    cosines: new Map(),
    place: (row, cluster) => {
      const found = clusters.get(row.id) ?? view.add(row, cluster)
      clusters.set(row.id, found)
      return found
    },
  }
  return live
}
