import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openStage, type Stage } from '../gateway/testing/stage.ts'
import { ids, NOW } from '../testing/small-network.ts'
import { withNode } from './index.ts'

let stage: Stage
beforeAll(async () => {
  stage = await openStage()
})
afterAll(() => stage.close())

const leave = (node: { pid: number; began: string }): Promise<void> =>
  writeFile(join(stage.network.folder, 'node.json'), JSON.stringify({ url: stage.url, ...node }))
const settings = () => ({
  TRIBUTARY_DATA: stage.network.folder,
  TRIBUTARY_URL: undefined,
  TRIBUTARY_KEY: undefined,
})

it('the machine’s owner calls as the operator, or as a member of the terminal', async () => {
  await expect(withNode(settings(), client => client.call('account', {}))).rejects.toMatchObject({
    code: 'not-allowed',
    facts: { status: 403 },
  })
  await stage.network.db.query(
    `insert into identities (platform, subject, account_id, created_at) values ('terminal', 'zoë', $1, $2)`,
    [ids.ann, NOW],
  )
  const own = await withNode(settings(), client => client.call('account', {}), { user: 'zoë' })
  expect(own.name).toBe('Ann')
})

it('what a dead process left behind is no node', async () => {
  // Above the largest pid that Linux gives.
  await leave({ pid: 2 ** 22 + 1, began: '' })
  await expect(withNode(settings(), async () => 'worked')).rejects.toMatchObject({ code: 'node-not-running' })
})

it('a later process of a dead node’s number is not given its key', async () => {
  await leave({ pid: process.pid, began: 'before the last boot' })
  await expect(withNode(settings(), async () => 'worked')).rejects.toMatchObject({ code: 'node-not-running' })
})

it('a folder without a node says how to start one', async () => {
  const nowhere = { ...settings(), TRIBUTARY_DATA: '/nowhere' }
  await expect(withNode(nowhere, async () => 'worked')).rejects.toMatchObject({
    code: 'node-not-running',
    fix: expect.stringContaining('npm start'),
  })
})

it('a node elsewhere is the one that TRIBUTARY_URL names, with its key', async () => {
  const elsewhere = { ...settings(), TRIBUTARY_URL: stage.url, TRIBUTARY_KEY: await stage.key() }
  const { name } = await withNode(elsewhere, client => client.call('account', {}))
  expect(name).toBe('Ann')
})
