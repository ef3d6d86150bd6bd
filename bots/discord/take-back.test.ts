import { afterAll, beforeAll, expect, it } from 'vitest'
import { acknowledge } from '../../tools/acknowledge.ts'
import type { Network } from '../../tools/context.ts'
import { contribute } from '../../tools/contribute.ts'
import { join } from '../../tools/join.ts'
import { notices } from '../../tools/notices.ts'
import type { Verb } from '../../tools/registry.ts'
import { status } from '../../tools/status.ts'
import { openSmallNetwork, type SmallNetwork } from '../../tools/testing/small-network.ts'
import { openStory } from '../testing/story.ts'
import { type Hive, openHive } from './testing/open-hive.ts'

let small: SmallNetwork
let hive: Hive
beforeAll(async () => {
  small = await openSmallNetwork()
  const network = {
    ...small.network,
    queue: { add: async () => null },
    receipts: { sign: () => ({ receipt: '{}', signature: 's', keyId: 'k' }) },
    chain: { ...small.network.chain, status: async () => ({ embedded: false }) },
  } as unknown as Network
  await network.db.query(`update proposals set state = 'gathering' where name = 'wasps'`)
  // The accounts of the small network have wallets 1 and 2.
  await network.db.query(`select setval('account_wallets', 2)`)
  const verbs = [join, status, contribute, notices, acknowledge] as unknown as Verb[]
  hive = await openHive(network.db, { story: { ...openStory(), network, verbs } })
})
afterAll(async () => {
  await hive.close()
  await small.remove()
})

const contributeOf = async (
  by: Hive['ann'],
  message: Parameters<Hive['ann']['menu']>[0],
  question: string,
) => {
  const form = await by.menu(message, 'Contribute this message').modal()
  const values = { proposal: 'wasps', licence: 'CC0-1.0', rights: 'yes', 'row.question': question }
  await by.submit(form, values).answered()
  await hive.answered()
}
const states = () =>
  small.network.db.query(
    `select a.name, c.state, c.answer from contributions c join accounts a on a.id = c.account_id
     join proposals p on p.id = c.proposal_id where p.name = 'wasps' order by a.name, c.state`,
  )

it('a deleted message takes back what was contributed of it, by whomever, and nothing else', async () => {
  const ben = hive.fake.person('Ben', { guild: hive.guild })
  const eve = hive.fake.person('Eve', { guild: hive.guild })
  const message = ben.say('general', 'Under a roof, in a paper comb of their own making.')
  const other = ben.say('general', 'A wasp can sting more than once, unlike a honey bee.')
  await contributeOf(hive.ann, message, 'Where do wasps nest?')
  await contributeOf(eve, message, 'Where does a wasp build its nest?')
  await contributeOf(eve, other, 'How often can a wasp sting?')
  expect(await states()).toHaveLength(3)

  ben.delete(message)
  while (hive.takenBack.length < 2) await hive.fake.next(() => true, 1_000).catch(() => {})
  expect(await states()).toEqual([
    { name: 'Ann', state: 'withdrawn', answer: null },
    { name: 'Eve', state: 'received', answer: 'A wasp can sting more than once, unlike a honey bee.' },
    { name: 'Eve', state: 'withdrawn', answer: null },
  ])

  await hive.discord.desk.look()
  const told = hive.read().map(({ text }) => text)
  expect(told.filter(text => text.includes('was deleted'))).toEqual([expect.stringContaining('1 row')])
})
