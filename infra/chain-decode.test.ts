import { bytesToHex, stringToHex } from 'viem'
import { expect, test } from 'vitest'
import { encodeCall } from './chain-contracts.ts'
import { ballotLeaf, decodeTransaction, rewardLeaf } from './chain-decode.ts'
import { rangeProof, rewardRanges } from './chain-ranges.ts'
import { openWallets } from './chain-wallets.ts'
import { merkleTree } from './merkle.ts'

const wallet = openWallets(new Uint8Array(32).fill(7)).role('operator')
const base = {
  type: 'eip1559',
  chainId: 5,
  nonce: 3,
  gas: 21_000n,
  maxFeePerGas: 0n,
  maxPriorityFeePerGas: 0n,
} as const
const to = '0x00000000000000000000000000000000000000a7'

test('leaves are those of the contracts (the same constants stand in their tests)', () => {
  const bees = stringToHex('bees', { size: 32 })
  const ballot = { index: 1, voter: stringToHex('voter', { size: 32 }), choice: 'yes', weight: 10n } as const
  const golden = '0x5e82d003ad9f11ffb7f501c9cd2a626a257ebc67356fec87c91d676f42cfd786'
  expect(bytesToHex(ballotLeaf(bees, ballot))).toBe(golden)
  expect(bytesToHex(rewardLeaf(7, to, 5_000_000n))).toBe(
    '0xea89e1598236739ea78158f04d1469e0f059fc64eab03c7e1b34d1ea7f4eb9a9',
  )
})

test('a raw transaction names its sender, and its call where it is one of ours', async () => {
  const data = encodeCall('Token', 'mint', [wallet.address, 12n])
  const raw = await wallet.signTransaction({ ...base, to, data })
  expect(await decodeTransaction(raw)).toMatchObject({
    chainId: 5,
    nonce: 3,
    from: wallet.address,
    to,
    contract: 'Token',
    call: 'mint',
    args: [wallet.address, 12n],
  })
  const other = await wallet.signTransaction({ ...base, to, data: '0xdeadbeef' })
  expect(await decodeTransaction(other)).toMatchObject({ contract: null, call: null, args: [] })
  const creation = await wallet.signTransaction({ ...base, data: '0x6000' })
  expect(await decodeTransaction(creation)).toMatchObject({ to: null, contract: null })
})

test('a changed byte of a raw transaction changes its sender or breaks it', async () => {
  const raw = await wallet.signTransaction({
    ...base,
    to,
    data: encodeCall('Token', 'mint', [wallet.address, 12n]),
  })
  const changed = raw.replace(/0c(?=c|8)/, '0d')
  expect(changed).not.toBe(raw)
  const from = await decodeTransaction(changed as `0x${string}`).then(
    decoded => decoded.from,
    () => null,
  )
  expect(from).not.toBe(wallet.address)
})

test('bytes that are no transaction are refused', async () => {
  await expect(decodeTransaction('0x02c0ffee')).rejects.toThrow()
})

test('ranges cover every leaf once, stay within a batch and on one level', () => {
  for (const size of [1, 2, 3, 8, 21, 255, 257, 1000]) {
    const tree = merkleTree(Array.from({ length: size }, (_, i) => rewardLeaf(i, to, BigInt(i))))
    const ranges = rewardRanges(size, 64)
    expect(ranges.flatMap(({ first, count }) => Array.from({ length: count }, (_, i) => first + i))).toEqual(
      Array.from({ length: size }, (_, i) => i),
    )
    for (const range of ranges) {
      expect(range.count).toBeLessThanOrEqual(64)
      expect(rangeProof(tree, size, range).place).toBe(2 * size - 1 - range.first - range.count)
    }
  }
  const tree = merkleTree(Array.from({ length: 5 }, (_, i) => rewardLeaf(i, to, BigInt(i))))
  expect(() => rangeProof(tree, 5, { first: 0, count: 5 })).toThrowError(
    expect.objectContaining({ code: 'range-uneven' }),
  )
})
