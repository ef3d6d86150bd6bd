import { expect, it } from 'vitest'
import { rewardLeaf } from '../infra/chain-decode.ts'
import { merkleTree } from '../infra/merkle.ts'
import { type RewardLeaf, rewardsTree } from './rewards-tree.ts'

const leaf = (index: number, units: bigint): RewardLeaf => ({
  index,
  accountId: `account-${index}`,
  address: `0x${(index + 1).toString(16).padStart(40, '0')}`,
  cumulativeUnits: units,
})
const plain = (leaves: readonly RewardLeaf[]) =>
  merkleTree(leaves.map(({ index, address, cumulativeUnits }) => rewardLeaf(index, address, cumulativeUnits)))

it('is the tree of the leaves it is given, whatever tree came before', () => {
  const first = [leaf(0, 5n), leaf(1, 7n), leaf(2, 0n)]
  const periods = [
    first,
    [leaf(0, 5n), leaf(1, 9n), leaf(2, 0n)],
    [leaf(0, 5n), leaf(1, 9n)],
    [leaf(0, 5n), leaf(1, 9n), leaf(2, 0n), leaf(3, 1n)],
    first,
  ]
  for (const leaves of periods) {
    const tree = rewardsTree(leaves)
    expect(tree.root).toEqual(plain(leaves).root)
    expect(tree.proof(1)).toEqual(plain(leaves).proof(1))
  }
})

it('is made once for leaves that have not changed', () => {
  const tree = rewardsTree([leaf(0, 5n), leaf(1, 7n)])
  expect(rewardsTree([leaf(0, 5n), leaf(1, 7n)])).toBe(tree)
  expect(rewardsTree([leaf(0, 5n), leaf(1, 8n)])).not.toBe(tree)
})

it('does not follow a leaf that is changed after it was hashed', () => {
  const leaves = [leaf(0, 5n), leaf(1, 7n)] as { cumulativeUnits: bigint }[] & RewardLeaf[]
  rewardsTree(leaves)
  leaves[1]!.cumulativeUnits = 8n
  expect(rewardsTree(leaves).root).toEqual(plain([leaf(0, 5n), leaf(1, 8n)]).root)
})
