import { bytesToHex } from 'viem'
import type { Hex } from './chain-api.ts'
import { fault } from './errors.ts'
import type { MerkleTree } from './merkle.ts'

/** Neighbouring leaves of one level of the payout tree, which `claimRange` pays with one proof. */
export interface Range {
  readonly first: number
  readonly count: number
}

/** Leaves a relayed batch pays at most: 8.5 million gas when all of them claim for the first time. */
export const CLAIMS_PER_BATCH = 256

const placeOf = (size: number, leaf: number): number => 2 * size - 2 - leaf
const levelOf = (place: number): number => Math.floor(Math.log2(place + 1))

/** Splits the leaves 0..size-1 into ranges of at most `most`, none of which spans two levels of the tree. */
export const rewardRanges = (size: number, most = CLAIMS_PER_BATCH): Range[] => {
  const ranges: Range[] = []
  for (let first = 0; first < size; first += ranges.at(-1)?.count ?? size) {
    const level = levelOf(placeOf(size, first))
    let count = 1
    while (count < most && first + count < size && levelOf(placeOf(size, first + count)) === level) count++
    ranges.push({ first, count })
  }
  return ranges
}

/**
 * The proof of a range: the siblings beside it, from the leaves up, on each level the left one first; and the place of its last
 * leaf. All of them stand in the proofs of its two outer leaves. Throws `range-uneven` when it spans two levels.
 */
export const rangeProof = (
  tree: MerkleTree<Uint8Array[]>,
  size: number,
  { first, count }: Range,
): { place: number; proof: Hex[] } => {
  const place = placeOf(size, first + count - 1)
  if (count < 1 || levelOf(place) !== levelOf(placeOf(size, first)))
    throw fault(
      'range-uneven',
      `The leaves ${first} to ${first + count - 1} of ${size} are not on one level.`,
      {
        fix: 'Take the ranges that rewardRanges gives.',
        blame: 'ours',
      },
    )
  const [left, right] = [tree.proof(first + count - 1), tree.proof(first)]
  const proof: Hex[] = []
  let [low, high] = [place, placeOf(size, first)]
  for (let level = 0; low > 0; level++) {
    if (low % 2 === 0) proof.push(bytesToHex(left[level] as Uint8Array))
    if (high % 2 === 1) proof.push(bytesToHex(right[level] as Uint8Array))
    ;[low, high] = [(low - 1) >> 1, (high - 1) >> 1]
  }
  return { place, proof }
}
