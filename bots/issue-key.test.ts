import { afterAll, beforeAll, expect, it } from 'vitest'
import { checkKey } from '../tools/api-key-check.ts'
import { as, ids, openSmallNetwork, type SmallNetwork } from '../tools/testing/small-network.ts'
import { verbs } from '../tools/verbs.ts'
import { converse } from './conversation.ts'
import type { Reply } from './reply.ts'
import { openBot, openSession } from './session.ts'

let small: SmallNetwork
beforeAll(async () => {
  small = await openSmallNetwork()
})
afterAll(() => small.remove())

it('a person makes a key, sees it in the list, rotates and ends it, by chat alone', async () => {
  const { network } = small
  const bot = openBot(network, verbs)
  const session = openSession(as(ids.ann), 'Ann')
  const tell = async (line: string): Promise<string> => {
    const said: Reply[] = []
    await converse(bot, session, line, item => said.push(item))
    return JSON.stringify(said)
  }
  const keyIn = (said: string): string => /trib_[a-z0-9]{12}_[\w-]{43}/.exec(said)?.[0] ?? said
  const first = keyIn(await tell('/issue-key notebook scopes=ask,read,write budget=2.5 period=day'))
  const { id, scopes, budgeted } = await checkKey(network, first)
  expect([scopes, budgeted]).toEqual([['ask', 'read', 'write'], true])
  expect(await tell('/keys')).toMatch(/notebook.*0 of 2\.5 today/)
  const second = keyIn(await tell(`/rotate-key ${id}`))
  await expect(checkKey(network, first)).rejects.toMatchObject({ code: 'key-invalid' })
  expect(await checkKey(network, second)).toMatchObject({ id })
  expect(await tell(`/revoke-key ${id}`)).toContain('works no more')
  await expect(checkKey(network, second)).rejects.toMatchObject({ code: 'key-invalid' })
})
