import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { account } from './account.ts'
import { openSampleNetwork, type SampleNetwork } from './bundle/sample-network.ts'
import { playSampleStory } from './bundle/sample-story.ts'
import { unpackBundle } from './bundle/tamper.ts'
import { verifyBundle } from './bundle/verify.ts'
import { claim } from './claim.ts'
import { close } from './close.ts'
import { erase } from './erase.ts'
import { exportBundle } from './export.ts'
import { join as joinNetwork } from './join.ts'
import { link } from './link.ts'
import { settle } from './settle.ts'
import { submission } from './submission.ts'
import { takeout } from './takeout.ts'

let sample: SampleNetwork
let bela = ''
let cleo = ''
const enter = async (subject: string): Promise<string> =>
  (await sample.as('anyone')(joinNetwork, { name: subject, platform: 'test', subject })).accountId

beforeAll(async () => {
  sample = await openSampleNetwork()
  await playSampleStory(sample)
  bela = await enter('Bela')
  cleo = await enter('Cleo')
}, 60_000)
afterAll(() => sample.remove())

/** Everything that the database holds, but for what is public for good: the proposals' own texts and the journal of the chain. */
const everything = async (): Promise<string> => {
  const tables = await sample.network.db.query<{ name: string }>(
    `select tablename as name from pg_tables where schemaname = 'public' and tablename not in ('migrations', 'proposals', 'chain_transactions')`,
  )
  let all = ''
  for (const { name } of tables)
    all += JSON.stringify(await sample.network.db.query(`select t::text as text from "${name}" t`))
  return all
}

const bundleOf = async (name: string): Promise<string> => {
  const file = join(sample.network.folder, 'exports', name)
  await sample.as('operator')(exportBundle, { file })
  return file
}

test('a takeout holds every row, vote, question and payment of the caller, and no word of anybody else', async () => {
  const told = await sample.as(bela)(takeout, {})
  const file = JSON.parse(told.text)
  expect(file.account).toMatchObject({ id: bela, name: 'Bela' })
  expect(file.identities).toMatchObject([{ platform: 'test', subject: 'Bela' }])
  const questions = file.submissions[0].rows.map((row: { question: string | null }) => row.question)
  expect(questions).toEqual([
    ...Array.from({ length: 5 }, (_, at) => `What does Bela feed hive ${at}?`),
    null,
  ])
  expect(file.votes).toMatchObject([{ proposal: 'bee-help', choice: 'no' }])
  expect(file.pledges).toMatchObject([{ units: '3000000' }])
  expect(file.claims).toHaveLength(1)
  expect(told.counts).toMatchObject({ submissions: 1, votes: 1, claims: 1 })
  expect(new Set(file.receipts.map((receipt: { kind: string }) => receipt.kind))).toEqual(
    new Set(['ballot', 'contribution', 'payout']),
  )
  expect(told.text).not.toContain('Anna')
  expect(told.text).not.toContain('syrup in month')
  const asker = await sample.as(cleo)(takeout, {})
  expect(asker.text).toContain('How much syrup in month 0?')
  expect(asker.text).not.toContain('What does Bela')
})

test('an account with tokens in it is erased only by whoever gives them up by name', async () => {
  await expect(sample.as(cleo)(erase, {})).rejects.toMatchObject({
    code: 'money-left',
    message: expect.stringMatching(/tokens prepaid/),
  })
})

test('a contributor’s erasure leaves no word of them, and the bundle still verifies', {
  timeout: 60_000,
}, async () => {
  expect(await everything()).toContain('What does Bela feed hive 1?')
  const erased = await sample.as(bela)(erase, { giveUp: true })
  expect(erased).toMatchObject({ rows: 5, models: ['bee-help@1'] })
  const left = await everything()
  expect(left).not.toContain('Bela')
  expect(left).toContain(bela)
  expect(left).toContain('What does Anna feed hive 1?')
  await expect(sample.as(bela)(account, {})).rejects.toMatchObject({ code: 'account-unknown' })
  const file = await bundleOf('without-bela.tar')
  const { checks } = await verifyBundle(file)
  expect(checks.filter(check => !check.ok)).toEqual([])
  const files = await unpackBundle(readFileSync(file))
  expect([...files.values()].join('')).not.toContain('What does Bela')
  expect(await enter('Bela')).not.toBe(bela)
})

test('an asker’s questions go at once where their epoch is settled, and else with its settlement', {
  timeout: 60_000,
}, async () => {
  const erased = await sample.as(cleo)(erase, { giveUp: true })
  expect(erased).toMatchObject({ rows: 0, answers: 4, answersLater: 1 })
  const before = await everything()
  expect(before).not.toContain('syrup in month')
  expect(before).toContain('And in spring?')
  await sample.network.db.query(
    `update answers set attribution = $1, influence_blob = (select max(influence_blob) from answers) where attribution is null`,
    [JSON.stringify({ tokens: 10, nats: { unigram: 40, base: 30, adapter: 5 } })],
  )
  await sample.as('treasurer')(close, { epoch: 3 })
  await sample.as('treasurer')(settle, { epoch: 3 })
  const after = await everything()
  expect(after).not.toContain('And in spring?')
  expect(after).not.toContain('Cleo')
  const { checks } = await verifyBundle(await bundleOf('without-cleo.tar'))
  expect(checks.filter(check => !check.ok)).toEqual([])
})

test('claims go on to a linked wallet, once however often the call is made', {
  timeout: 60_000,
}, async () => {
  const { openWallets } = await import('../infra/chain-wallets.ts')
  const anna = await enter('Anna')
  const wallet = openWallets(new Uint8Array(64).fill(9)).person(3)
  const asked = await sample.as(anna)(link, { with: wallet.address })
  const signature = await wallet.signMessage({ message: asked.kind === 'message' ? asked.message : '' })
  await sample.as(anna)(link, { with: wallet.address, signature })
  const { post } = await import('./post.ts')
  const { activate } = await import('./activate.ts')
  const { advance } = await import('./advance.ts')
  await sample.as('treasurer')(post, { epoch: 3 })
  await sample.as('operator')(advance, { seconds: 601 })
  await sample.as('treasurer')(activate, { epoch: 3 })
  const before = await sample.as(anna)(account, {})
  expect(before.linkedWallet).toBe(wallet.address)
  const paid = await sample.as(anna)(claim, {}, 'once')
  expect(paid).toMatchObject({ units: before.claimableUnits, wallet: wallet.address })
  expect(BigInt(paid.units)).toBeGreaterThan(0n)
  expect(await sample.as(anna)(claim, {}, 'once')).toEqual(paid)
  expect(await sample.as(anna)(claim, {}, 'twice')).toMatchObject({ units: '0' })
  expect(await sample.network.chain.balance(wallet.address)).toBe(BigInt(paid.units))
  expect((await sample.as(anna)(account, {})).walletUnits).toBe(before.walletUnits)
  const { checks } = await verifyBundle(await bundleOf('forwarded.tar'))
  expect(checks.filter(check => !check.ok)).toEqual([])
  expect(await sample.as(anna)(submission, {})).toMatchObject({ proposal: 'bee-help' })
})
