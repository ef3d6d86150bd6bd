import { pbkdf2Sync } from 'node:crypto'
import { recoverTypedDataAddress } from 'viem'
import { expect, test } from 'vitest'
import { authorize, openWallets } from './chain-wallets.ts'

/** BIP-39: the seed of the mnemonic that Ethereum's development nodes share, so that others' addresses can be compared. */
const seed = new Uint8Array(
  pbkdf2Sync('test test test test test test test test test test test junk', 'mnemonic', 2048, 64, 'sha512'),
)

test('the wallet of a person is the one of BIP-44 at that index', () => {
  const wallets = openWallets(seed)
  expect(wallets.person(0).address).toBe('0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266')
  expect(wallets.person(1).address).toBe('0x70997970C51812dc3A010C7d01b50e0d17dc79C8')
})

test('every role has a key of its own, and none is a person’s', () => {
  const wallets = openWallets(seed)
  const roles = (['operator', 'poster', 'arbiter', 'guardian', 'treasurer'] as const).map(
    role => wallets.role(role).address,
  )
  const people = [0, 1, 2, 3, 4].map(index => wallets.person(index).address)
  expect(new Set([...roles, ...people]).size).toBe(10)
})

test('a wallet’s number is a whole number that BIP-32 allows', () => {
  const wallets = openWallets(seed)
  for (const index of [-1, 0.5, 2 ** 31, Number.NaN]) expect(() => wallets.person(index)).toThrow(RangeError)
})

test('an authorisation is EIP-712 over payer, payee, amount, time and nonce', async () => {
  const wallet = openWallets(seed).person(3)
  const domain = {
    name: 'Token',
    version: '1',
    chainId: 5,
    verifyingContract: `0x${'22'.repeat(20)}`,
  } as const
  const to = `0x${'33'.repeat(20)}` as const
  const nonce = `0x${'44'.repeat(32)}` as const
  const a = await authorize(wallet, domain, 'transfer', { to, units: 7n, nonce, validBefore: 99n })
  const names = [
    ['from', 'address'],
    ['to', 'address'],
    ['value', 'uint256'],
    ['validAfter', 'uint256'],
    ['validBefore', 'uint256'],
    ['nonce', 'bytes32'],
  ] as const
  const signer = await recoverTypedDataAddress({
    domain,
    primaryType: 'TransferWithAuthorization',
    types: { TransferWithAuthorization: names.map(([name, type]) => ({ name, type })) },
    message: {
      from: wallet.address,
      to,
      value: 7n,
      validAfter: a.validAfter,
      validBefore: a.validBefore,
      nonce,
    },
    signature: { r: a.r, s: a.s, v: BigInt(a.v) },
  })
  expect(signer).toBe(wallet.address)
})
