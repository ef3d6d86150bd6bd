import { rewardLeaf } from '../infra/chain-decode.ts'
import type { Db } from '../infra/db.ts'
import { type MerkleTree, merkleTree } from '../infra/merkle.ts'

/** One leaf of the rewards contract: an index that belongs to one account for life, and all it has ever earned. */
export interface RewardLeaf {
  readonly index: number
  readonly accountId: string
  readonly address: `0x${string}`
  readonly cumulativeUnits: bigint
}

/** The leaves of an epoch's tree, by index. */
export const cumulativeLeaves = (db: Db, epoch: number): Promise<RewardLeaf[]> =>
  db.query<RewardLeaf>(
    `select l.index, l.account_id as "accountId", l.address, c.units as "cumulativeUnits"
     from cumulative_payouts c join reward_leaves l on l.account_id = c.account_id where c.epoch = $1 order by l.index`,
    [epoch],
  )

interface Hashed {
  readonly leaves: readonly RewardLeaf[]
  readonly hashes: readonly Uint8Array[]
  readonly tree: MerkleTree<Uint8Array[]>
}
let latest: Hashed | null = null

const same = (a: RewardLeaf, b: RewardLeaf | undefined): boolean =>
  b !== undefined && a.index === b.index && a.address === b.address && a.cumulativeUnits === b.cumulativeUnits

/**
 * The tree over leaves in the order of their index. The last tree is kept: every claim of an epoch asks for the same one, and
 * the next epoch's differs in the leaves of those who earned; a leaf that has not changed is not hashed again.
 */
export const rewardsTree = (leaves: readonly RewardLeaf[]): MerkleTree<Uint8Array[]> => {
  const before = latest
  const hashes = leaves.map((leaf, i) =>
    before !== null && same(leaf, before.leaves[i])
      ? (before.hashes[i] as Uint8Array)
      : rewardLeaf(leaf.index, leaf.address, leaf.cumulativeUnits),
  )
  if (before?.hashes.length === hashes.length && hashes.every((hash, i) => hash === before.hashes[i]))
    return before.tree
  const tree = merkleTree(hashes)
  latest = { leaves: leaves.map(leaf => ({ ...leaf })), hashes, tree }
  return tree
}
