import { createHash } from 'node:crypto'
import { keccak_256 } from '@noble/hashes/sha3.js'
import { fault } from './errors.ts'

/** A tree whose proofs are cheap: n - 1 hashes once, log2 n look-ups a proof. */
export interface MerkleTree<Proof> {
  readonly root: Uint8Array
  proof(index: number): Proof
}

const atLeastOne = (leaves: readonly Uint8Array[]): void => {
  if (leaves.length === 0)
    throw fault('merkle-empty', 'A Merkle tree needs at least one leaf.', {
      fix: 'Pass a leaf.',
      blame: 'ours',
    })
}
const leafAt = (leaves: number, index: number): void => {
  if (!Number.isInteger(index) || index < 0 || index >= leaves)
    throw fault('merkle-index', `There is no leaf ${index} among ${leaves}.`, {
      fix: 'Pass the index of a leaf of this tree.',
      blame: 'ours',
    })
}

// Payouts: the tree that OpenZeppelin's MerkleProof checks -------------------------------------------------------------

const keccakPair = (a: Uint8Array, b: Uint8Array): Uint8Array =>
  keccak_256(Buffer.compare(a, b) <= 0 ? Buffer.concat([a, b]) : Buffer.concat([b, a]))

/**
 * Builds the keccak256 tree over 32-byte leaf hashes that OpenZeppelin's `MerkleProof.verify` accepts (pairs sorted).
 * The leaves must be hashes of something longer than 64 bytes or hashed twice: a 64-byte leaf could pass for a node.
 * Same root as `SimpleMerkleTree.of(leaves, { sortLeaves: false })`: node i has the children 2i+1 and 2i+2, leaves from the end.
 */
export const merkleTree = (leaves: readonly Uint8Array[]): MerkleTree<Uint8Array[]> => {
  atLeastOne(leaves)
  const last = 2 * leaves.length - 2
  const nodes: Uint8Array[] = new Array(last + 1)
  for (const [index, leaf] of leaves.entries()) {
    if (leaf.length !== 32)
      throw fault('merkle-leaf', `Leaf ${index} has ${leaf.length} bytes.`, {
        fix: 'Hash every leaf to 32 bytes first.',
        blame: 'ours',
      })
    nodes[last - index] = leaf
  }
  for (let i = leaves.length - 2; i >= 0; i--)
    nodes[i] = keccakPair(nodes[2 * i + 1] as Uint8Array, nodes[2 * i + 2] as Uint8Array)
  return {
    root: nodes[0] as Uint8Array,
    proof: index => {
      leafAt(leaves.length, index)
      const path: Uint8Array[] = []
      for (let i = last - index; i > 0; i = (i - 1) >> 1)
        path.push(nodes[i % 2 === 1 ? i + 1 : i - 1] as Uint8Array)
      return path
    },
  }
}

export const merkleRoot = (leaves: readonly Uint8Array[]): Uint8Array => merkleTree(leaves).root
export const merkleProof = (leaves: readonly Uint8Array[], index: number): Uint8Array[] =>
  merkleTree(leaves).proof(index)

/** Whether `leaf` (32 bytes) lies under `root`; what the contract computes. */
export const verifyProof = (leaf: Uint8Array, proof: readonly Uint8Array[], root: Uint8Array): boolean =>
  leaf.length === 32 && proof.every(node => node.length === 32) && same(proof.reduce(keccakPair, leaf), root)

// Ledger batches and snapshots: the tree of RFC 6962 ------------------------------------------------------------------

/** Path from a leaf to the root, lowest sibling first, as lower-case hex. */
export interface Sha256Proof {
  index: number
  size: number
  path: string[]
}

const sha256 = (...parts: readonly Uint8Array[]): Buffer => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}
// The prefixes keep a node from passing for a leaf (RFC 6962, section 2.1).
const LEAF = Uint8Array.of(0)
const NODE = Uint8Array.of(1)
const leafHash = (leaf: Uint8Array): Buffer => sha256(LEAF, leaf)
const nodeHash = (left: Uint8Array, right: Uint8Array): Buffer => sha256(NODE, left, right)

/**
 * Builds the SHA-256 tree of RFC 6962 over leaves of any length. A level pairs its nodes in order and carries an odd
 * last one up, which is the same tree as the RFC's split at the largest power of two.
 */
export const sha256Tree = (leaves: readonly Uint8Array[]): MerkleTree<Sha256Proof> => {
  atLeastOne(leaves)
  const levels: Buffer[][] = [leaves.map(leafHash)]
  for (let level = levels[0] as Buffer[]; level.length > 1; ) {
    const next: Buffer[] = []
    for (let i = 0; i < level.length; i += 2) {
      const right = level[i + 1]
      next.push(right === undefined ? (level[i] as Buffer) : nodeHash(level[i] as Buffer, right))
    }
    levels.push(next)
    level = next
  }
  return {
    root: (levels.at(-1) as Buffer[])[0] as Buffer,
    proof: index => {
      leafAt(leaves.length, index)
      const path: string[] = []
      for (const [depth, level] of levels.slice(0, -1).entries()) {
        const sibling = level[(index >> depth) ^ 1]
        if (sibling !== undefined) path.push(sibling.toString('hex'))
      }
      return { index, size: leaves.length, path }
    },
  }
}

export const sha256Root = (leaves: readonly Uint8Array[]): Uint8Array => sha256Tree(leaves).root
export const sha256Proof = (leaves: readonly Uint8Array[], index: number): Sha256Proof =>
  sha256Tree(leaves).proof(index)

/** Whether `leaf` is number `proof.index` of the `proof.size` leaves under `root`. Pure; false for any malformed proof. */
export const verifySha256Proof = (leaf: Uint8Array, proof: Sha256Proof, root: Uint8Array): boolean => {
  const { index, size, path } = proof
  if (!Number.isSafeInteger(index) || !Number.isSafeInteger(size) || index < 0 || index >= size) return false
  if (!path.every(node => /^[0-9a-f]{64}$/.test(node))) return false
  let node = leafHash(leaf)
  let used = 0
  for (let at = index, width = size; width > 1; at = Math.floor(at / 2), width = Math.ceil(width / 2)) {
    if (at % 2 === 0 && at === width - 1) continue
    const sibling = path[used++]
    if (sibling === undefined) return false
    const other = Buffer.from(sibling, 'hex')
    node = at % 2 === 1 ? nodeHash(other, node) : nodeHash(node, other)
  }
  return used === path.length && same(node, root)
}

const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0
