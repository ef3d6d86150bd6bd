import { afterAll, beforeAll, expect, test } from 'vitest'
import { idWord } from '../infra/ids.ts'
import { advance } from './advance.ts'
import { openSampleNetwork, type SampleNetwork } from './bundle/sample-network.ts'
import { deposit } from './deposit.ts'
import { inspect } from './inspect.ts'
import { join } from './join.ts'
import { pledge } from './pledge.ts'
import { propose } from './propose.ts'
import { tally } from './tally.ts'
import { unwind } from './unwind.ts'
import { vote } from './vote.ts'

let sample: SampleNetwork
let anna: string
let bela: string
const walletOf = async (name: string): Promise<bigint> =>
  BigInt((await sample.as('anyone')(join, { name, platform: 'test', subject: name })).walletUnits)

beforeAll(async () => {
  sample = await openSampleNetwork()
  const open = async (name: string) =>
    (await sample.as('anyone')(join, { name, platform: 'test', subject: name })).accountId
  anna = await open('Anna')
  bela = await open('Bela')
  await sample.as(bela)(deposit, { tokens: '20' })
})
afterAll(() => sample.remove())

const proposed = async (name: string): Promise<string> => {
  const heldOut = Array.from({ length: 10 }, (_, at) => ({
    question: `When is hive ${at} fed?`,
    answer: `In week ${at}.`,
  }))
  const purpose = 'Answers what new beekeepers ask about feeding.'
  const dataWanted = 'Questions of beekeepers with short answers.'
  const made = await sample.as(anna)(propose, {
    name,
    purpose,
    dataWanted,
    rowsWanted: 10,
    evaluation: heldOut,
  })
  await sample.as(bela)(pledge, { proposal: name, tokens: '3' })
  return made.proposalId
}

test('a lost vote returns the bond and the pledges, once its result is final', async () => {
  const before = [await walletOf('Anna'), await walletOf('Bela')]
  const id = await proposed('lost-vote')
  expect([await walletOf('Anna'), await walletOf('Bela')]).toEqual([
    before[0]! - 25_000_000n,
    before[1]! - 3_000_000n,
  ])
  await sample.as(bela)(vote, { proposal: id, choice: 'no' })
  await sample.as('operator')(advance, { seconds: 601 })
  expect(await sample.as('treasurer')(tally, { proposal: id })).toMatchObject({ passed: false })
  expect((await sample.as('treasurer')(inspect, { proposal: id })).ended).toBe(false)
  await expect(sample.as('treasurer')(unwind, { proposal: id })).rejects.toMatchObject({
    code: 'not-ended',
    retry: true,
  })

  await sample.as('operator')(advance, { seconds: sample.network.chain.disputeWindowSeconds })
  expect((await sample.as('treasurer')(inspect, { proposal: id })).ended).toBe(true)
  const told = await sample.as('treasurer')(unwind, { proposal: id }, id)
  expect(told).toEqual({ bondUnits: '25000000', pledgedUnits: '3000000' })
  expect(await sample.as('treasurer')(unwind, { proposal: id }, id)).toEqual(told)
  expect([await walletOf('Anna'), await walletOf('Bela')]).toEqual(before)
})

test('a model that is never delivered returns what is left of the bond, and the pledges, after its deadline', async () => {
  const before = [await walletOf('Anna'), await walletOf('Bela')]
  const id = await proposed('never-delivered')
  await sample.as(bela)(vote, { proposal: id, choice: 'yes' })
  await sample.as('operator')(advance, { seconds: 601 })
  await sample.as('treasurer')(tally, { proposal: id })
  await sample.as('operator')(advance, { seconds: sample.network.chain.disputeWindowSeconds })
  await expect(sample.as('treasurer')(unwind, { proposal: id })).rejects.toMatchObject({ code: 'not-ended' })
  await sample.as('operator')(advance, { seconds: sample.network.chain.deliverySeconds })
  await sample.as('treasurer')(unwind, { proposal: id })
  expect([await walletOf('Anna'), await walletOf('Bela')]).toEqual(before)
  const [row] = await sample.network.db.query('select state, reason from proposals where id = $1', [id])
  expect(row).toEqual({ state: 'failed', reason: 'it was not delivered before its deadline' })
  expect((await sample.network.chain.proposal(idWord(id))).pledgedUnits).toBe(0n)
})
