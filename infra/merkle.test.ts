import { keccak_256 } from '@noble/hashes/sha3.js'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  merkleProof,
  merkleRoot,
  merkleTree,
  sha256Proof,
  sha256Root,
  sha256Tree,
  verifyProof,
  verifySha256Proof,
} from './merkle.ts'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const leaf = (n: number): Uint8Array => keccak_256(keccak_256(Buffer.from(`leaf ${n}`)))
const leaves = (count: number): Uint8Array[] => Array.from({ length: count }, (_, n) => leaf(n))
const anyTree = fc
  .integer({ min: 1, max: 70 })
  .chain(count => fc.tuple(fc.constant(count), fc.integer({ min: 0, max: count - 1 })))

test('the payout tree is the one of OpenZeppelin: sorted pairs, leaves from the end', () => {
  const [a, b, c] = leaves(3) as [Uint8Array, Uint8Array, Uint8Array]
  const pair = (x: Uint8Array, y: Uint8Array) => keccak_256(Buffer.concat([x, y].sort(Buffer.compare)))
  expect(hex(merkleRoot([a, b, c]))).toBe(hex(pair(pair(a, b), c)))
  expect(merkleProof([a, b, c], 2).map(hex)).toEqual([hex(pair(a, b))])
  expect(hex(merkleRoot([a]))).toBe(hex(a))
})

test('every leaf of a payout tree of any size proves itself, and no other leaf does', () => {
  fc.assert(
    fc.property(anyTree, ([count, index]) => {
      const tree = merkleTree(leaves(count))
      const proof = tree.proof(index)
      expect(verifyProof(leaf(index), proof, tree.root)).toBe(true)
      expect(verifyProof(leaf(count), proof, tree.root)).toBe(false)
    }),
  )
})

test('a payout proof does not hold for another root or with a node left out', () => {
  const tree = merkleTree(leaves(10))
  expect(verifyProof(leaf(3), tree.proof(3), merkleRoot(leaves(11)))).toBe(false)
  expect(verifyProof(leaf(3), tree.proof(3).slice(1), tree.root)).toBe(false)
})

test('payout leaves have 32 bytes', () => {
  expect(() => merkleRoot([new Uint8Array(64)])).toThrow(expect.objectContaining({ code: 'merkle-leaf' }))
})

// Roots over the first 1 to 8 of these entries, published with the reference implementation of RFC 6962.
const entries = [
  '',
  '00',
  '10',
  '2021',
  '3031',
  '40414243',
  '5051525354555657',
  '606162636465666768696a6b6c6d6e6f',
]
test.each([
  [1, '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d'],
  [2, 'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125'],
  [3, 'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77'],
  [4, 'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7'],
  [5, '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4'],
  [6, '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef'],
  [7, 'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c'],
  [8, '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328'],
])('the ledger tree over %i entries has the root of RFC 6962', (count, root) => {
  expect(hex(sha256Root(entries.slice(0, count).map(entry => Buffer.from(entry, 'hex'))))).toBe(root)
})

test('every leaf of a ledger tree of any size proves itself, at its own place only', () => {
  fc.assert(
    fc.property(anyTree, ([count, index]) => {
      const tree = sha256Tree(leaves(count))
      const proof = tree.proof(index)
      expect(verifySha256Proof(leaf(index), proof, tree.root)).toBe(true)
      expect(verifySha256Proof(leaf(count), proof, tree.root)).toBe(false)
      expect(verifySha256Proof(leaf(index), { ...proof, index: index + 1 }, tree.root)).toBe(false)
    }),
  )
})

test('a malformed ledger proof is false and no crash', () => {
  const root = sha256Root(leaves(5))
  const proof = sha256Proof(leaves(5), 2)
  expect(verifySha256Proof(leaf(2), proof, root)).toBe(true)
  for (const broken of [
    { ...proof, path: proof.path.slice(1) },
    { ...proof, path: [...proof.path, '00'.repeat(32)] },
    { ...proof, path: proof.path.map(() => 'zz') },
    { ...proof, index: -1 },
    { ...proof, index: 0.5 },
    { ...proof, size: 0 },
  ])
    expect(verifySha256Proof(leaf(2), broken, root)).toBe(false)
})

test('a node of the ledger tree does not pass for a leaf', () => {
  const [a, b] = leaves(2) as [Uint8Array, Uint8Array]
  const inner = Buffer.concat([sha256Root([a]), sha256Root([b])])
  expect(hex(sha256Root([inner]))).not.toBe(hex(sha256Root([a, b])))
})

test('there is no tree without a leaf and no proof outside the tree', () => {
  expect(() => merkleRoot([])).toThrow(expect.objectContaining({ code: 'merkle-empty' }))
  expect(() => sha256Root([])).toThrow(expect.objectContaining({ code: 'merkle-empty' }))
  expect(() => merkleProof(leaves(3), 3)).toThrow(expect.objectContaining({ code: 'merkle-index' }))
  expect(() => sha256Proof(leaves(3), -1)).toThrow(expect.objectContaining({ code: 'merkle-index' }))
})
