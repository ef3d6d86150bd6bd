import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bytesToHex } from 'viem'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Chain, type Hex, openChain } from './chain.ts'
import { nonceOf, saltOf, tag } from './chain-access.ts'
import { type Anvil, holdFolder, releaseFolder, startAnvil } from './chain-anvil.ts'
import { contracts, encodeCall } from './chain-contracts.ts'
import { type Rpc, rpcOver } from './chain-rpc.ts'
import { authorize, openWallets, TOKEN_DOMAIN, type Wallet } from './chain-wallets.ts'
import { openKeys } from './keys.ts'
import { openTestDatabase, type TestDatabase } from './testing/database.ts'

const CHAIN = 4250
const base = mkdtempSync(join(tmpdir(), 'tributary-payments-'))
const folder = join(base, 'data')
const [payer, stranger] = [0, 1].map(openWallets(randomBytes(32)).person) as [Wallet, Wallet]
let anvil: Anvil
let rpc: Rpc
let store: TestDatabase
let chain: Chain
let token: Hex
let treasury: Hex

/** Sends a transaction that the node knows nothing of. */
const sendOutside = async (wallet: Wallet, data: Hex): Promise<Hex> => {
  const nonce = Number(await rpc('eth_getTransactionCount', [wallet.address, 'pending']))
  const gas = { gas: 300_000n, maxFeePerGas: 10n ** 10n, maxPriorityFeePerGas: 0n }
  const raw = await wallet.signTransaction({
    type: 'eip1559',
    chainId: CHAIN,
    nonce,
    to: token,
    data,
    ...gas,
  })
  return (await rpc('eth_sendRawTransaction', [raw])) as Hex
}

/** What the payer signs, as the arguments of transferWithAuthorization. */
const signed = async (units: bigint, to = treasury, nonce: Hex = bytesToHex(randomBytes(32))) => {
  const domain = { ...TOKEN_DOMAIN, chainId: CHAIN, verifyingContract: token }
  const { time } = await chain.paymentTerms()
  const a = await authorize(payer, domain, 'transfer', { to, units, nonce, validBefore: time + 300n })
  const args = [payer.address, to, units, a.validAfter, a.validBefore, nonce, a.v, a.r, a.s] as const
  return { args, nonce, payment: { payer: payer.address, nonce, units } }
}
const write = (args: readonly unknown[], o: { address?: Hex; functionName?: string } = {}): Promise<Hex> =>
  chain.paymentSigner.writeContract({
    address: token,
    abi: contracts.Token.abi,
    functionName: 'transferWithAuthorization',
    args,
    ...o,
  })

beforeAll(async () => {
  await holdFolder(join(base, 'chain'))
  anvil = await startAnvil({ folder: join(base, 'chain'), chainId: CHAIN, state: null })
  rpc = rpcOver(anvil.url, 5000)
  await rpc('evm_setAutomine', [true])
  store = await openTestDatabase()
  const own = openWallets(openKeys(folder).seed)
  for (const { address } of [own.role('operator'), own.role('poster'), payer, stranger])
    await rpc('anvil_setBalance', [address, '0xde0b6b3a7640000'])
  chain = await openChain({ db: store.database, folder, rpcUrl: anvil.url })
  ;({ token, treasury } = await chain.paymentTerms())
  await sendOutside(own.role('operator'), encodeCall('Token', 'mint', [payer.address, 1_000n]))
}, 30_000)
afterAll(async () => {
  await chain.close()
  await store.remove()
  await anvil.kill()
  releaseFolder(join(base, 'chain'))
  rmSync(base, { recursive: true, force: true })
})

test('an authorisation is sent once, however often, and is known to have paid', async () => {
  const { args, payment } = await signed(10n)
  expect(await chain.paymentOf(payment)).toBeNull()
  const sent = await Promise.all([write(args), write(args)])
  expect(sent[0]).toBe(sent[1])
  expect(await chain.paymentOf(payment)).toEqual({ tx: sent[0], by: 'node' })
  expect((await chain.paymentSigner.waitForTransactionReceipt({ hash: sent[0] })).status).toBe('success')
  expect(await chain.balance(treasury)).toBe(10n)
})

test('an authorisation that somebody else sent first counts as paid, by their transaction', async () => {
  const { args, payment } = await signed(20n)
  const tx = await sendOutside(stranger, encodeCall('Token', 'transferWithAuthorization', args))
  await expect(write(args)).rejects.toMatchObject({
    code: 'chain-reverted',
    facts: { error: 'ERC3009UsedAuthorization' },
  })
  expect(await chain.paymentOf(payment)).toEqual({ tx, by: 'other' })
  expect(await chain.paymentOf({ ...payment, units: 21n })).toBeNull()
})

test('a nonce that was cancelled, or used to pay another, has not paid', async () => {
  const away = await signed(30n, stranger.address)
  await sendOutside(stranger, encodeCall('Token', 'transferWithAuthorization', away.args))
  expect(await chain.balance(stranger.address)).toBe(30n)
  expect(await chain.paymentOf(away.payment)).toBeNull()
  const nonce = bytesToHex(randomBytes(32))
  const signature = await payer.signTypedData({
    domain: { ...TOKEN_DOMAIN, chainId: CHAIN, verifyingContract: token },
    types: {
      CancelAuthorization: [
        { name: 'authorizer', type: 'address' },
        { name: 'nonce', type: 'bytes32' },
      ],
    },
    primaryType: 'CancelAuthorization',
    message: { authorizer: payer.address, nonce },
  })
  const vrs = [
    Number.parseInt(signature.slice(130), 16),
    signature.slice(0, 66),
    `0x${signature.slice(66, 130)}`,
  ]
  await sendOutside(payer, encodeCall('Token', 'cancelAuthorization', [payer.address, nonce, ...vrs]))
  const cancelled = await signed(30n, treasury, nonce)
  await expect(write(cancelled.args)).rejects.toMatchObject({ code: 'chain-reverted' })
  expect(await chain.paymentOf(cancelled.payment)).toBeNull()
})

test('an authorisation that this node used for a deposit has paid for nothing else', async () => {
  const own = openWallets(openKeys(folder).seed)
  await sendOutside(own.role('operator'), encodeCall('Token', 'mint', [chain.address(5), 40n]))
  await chain.deposit('deposit/1', { wallet: 5, units: 40n })
  const nonce = nonceOf(tag('deposit'), saltOf('deposit/1'))
  expect(await chain.paymentOf({ payer: chain.address(5), nonce, units: 40n })).toBeNull()
})

test('the treasury pays an outside wallet once for each key', async () => {
  const before = await chain.balance(payer.address)
  const pay = () => chain.payOut('refund/1', { to: payer.address, units: 7n })
  const sent = await Promise.all([pay(), pay()])
  expect(sent[0]).toEqual(sent[1])
  expect((await chain.balance(payer.address)) - before).toBe(7n)
  await expect(chain.payOut('refund/2', { to: payer.address, units: 10n ** 9n })).rejects.toMatchObject({
    facts: { error: 'ERC20InsufficientBalance' },
  })
})

test('a payment is a transfer of the token by authorisation and nothing else', async () => {
  const { args } = await signed(1n)
  const foreign = { code: 'payment-foreign', blame: 'person' }
  await expect(write(args, { address: treasury })).rejects.toMatchObject(foreign)
  await expect(write(args, { functionName: 'approve' })).rejects.toMatchObject(foreign)
  await expect(chain.paymentSigner.sendTransaction()).rejects.toMatchObject(foreign)
})

test('several reads in one call are answered on a chain without Multicall3', async () => {
  const calls = [encodeCall('Token', 'name', []), '0xdeadbeef'].map(callData => ({ target: token, callData }))
  const answers = (await chain.paymentSigner.readContract({
    address: '0xcA11bde05977b3631167028862bE2a173976CA11',
    abi: [],
    functionName: 'tryAggregate',
    args: [false, calls],
  })) as { success: boolean }[]
  expect(answers.map(({ success }) => success)).toEqual([true, false])
})
