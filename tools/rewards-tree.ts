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

export const rewardsTree = (leaves: readonly RewardLeaf[]): MerkleTree<Uint8Array[]> =>
  merkleTree(leaves.map(leaf => rewardLeaf(leaf.index, leaf.address, leaf.cumulativeUnits)))
