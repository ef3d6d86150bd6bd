import { afterAll, beforeAll, expect, test } from 'vitest'
import { ask } from './ask.ts'
import { attribute } from './attribute.ts'
import type { Update } from './context.ts'
import { explain } from './explain.ts'
import { fineTune } from './fine-tune.ts'
import { join as joinNetwork } from './join.ts'
import { models } from './models.ts'
import { type OwnStage, openOwnStage, sampleRows } from './own-models/testing.ts'
import { call } from './registry.ts'

let stage: OwnStage
let account: string
let rows: { question: string; answer: string }[]
const said = { licence: 'CC0-1.0', rights: true } as const

beforeAll(async () => {
  stage = await openOwnStage()
  account = (await stage.as('anyone')(joinNetwork, { name: 'Dev', platform: 'terminal', subject: 'dev' }))
    .accountId
  rows = await sampleRows(33)
}, 60_000)
afterAll(() => stage.remove())

const operator = { role: 'operator', accountId: null, surface: 'test' } as const

test('rows become a served model in one call, and what is wrong with them is counted', {
  timeout: 60_000,
}, async () => {
  const updates: Update[] = []
  const made = await call(
    stage.network,
    operator,
    fineTune,
    {
      name: 'my-bees',
      account,
      ...said,
      rows: [
        ...rows,
        rows[0]!,
        { question: ' ', answer: 'x' },
        { question: 'Who keeps the key?', answer: 'Write to anna@example.org.' },
      ],
    },
    { key: 'first', onUpdate: update => updates.push(update) },
  )
  expect(made).toMatchObject({
    model: 'my-bees@1',
    rows: 24,
    heldOut: 10,
    dropped: { empty: 1, tooLong: 0, duplicate: 1 },
    warnings: { personalData: 1, secrets: 0 },
  })
  expect(made.adapterLoss).toBeLessThan(made.baseLoss)
  expect(updates.at(-1)).toMatchObject({ kind: 'progress', step: made.steps, steps: made.steps })
  const { models: cards } = await stage.as('anyone')(models, {})
  expect(cards).toMatchObject([
    {
      name: 'my-bees',
      version: 1,
      origin: 'own',
      proposer: 'Dev',
      priceUnits: '0',
      rows: 24,
      contributors: [{ name: 'Dev', rows: 24 }],
    },
  ])
})

test('the same call made again gives what it gave, and another one the next version', {
  timeout: 60_000,
}, async () => {
  const input = { name: 'my-bees', account, ...said, rows: rows.slice(0, 26) }
  const first = await stage.as('operator')(fineTune, input, 'second')
  expect(first.model).toBe('my-bees@2')
  expect(await stage.as('operator')(fineTune, input, 'second')).toEqual(first)
})

test('a call that was cancelled goes on from its checkpoint to the same adapter', {
  timeout: 60_000,
}, async () => {
  const input = { name: 'my-wasps', account, ...said, rows: rows.slice(0, 26) }
  const stop = new AbortController()
  const cancelled = call(stage.network, operator, fineTune, input, {
    key: 'third',
    signal: stop.signal,
    onUpdate: update => {
      if (update.kind === 'progress' && update.step === 1) stop.abort()
    },
  })
  await expect(cancelled).rejects.toMatchObject({ code: 'cancelled' })
  const made = await stage.as('operator')(fineTune, input, 'third')
  expect(made.model).toBe('my-wasps@1')
  const [counts] = await stage.network.db.query(
    `select count(*)::int as runs, (select count(*)::int from submissions where proposal_id = r.proposal_id) as submissions
     from runs r join proposals p on p.id = r.proposal_id where p.name = 'my-wasps' group by r.proposal_id`,
  )
  expect(counts).toEqual({ runs: 1, submissions: 1 })
})

test('nobody but the operator makes one, and only its owner a version of it', async () => {
  const input = { name: 'my-bees', ...said, rows }
  await expect(stage.as(account)(fineTune, input)).rejects.toMatchObject({ code: 'not-allowed' })
  await expect(stage.as('operator')(fineTune, input)).rejects.toMatchObject({ code: 'name-taken' })
  await expect(stage.as('operator')(fineTune, { ...input, account, price: '1' })).rejects.toMatchObject({
    code: 'price-fixed',
  })
  await expect(stage.as('operator')(fineTune, { ...input, licence: 'mine' })).rejects.toMatchObject({
    code: 'licence-unknown',
  })
  await expect(stage.as('operator')(fineTune, { ...input, rows: rows.slice(0, 15) })).rejects.toMatchObject({
    code: 'rows-too-few',
  })
})

test('an own model of price 0 answers without a balance, and its answer is attributed to its rows', {
  timeout: 30_000,
}, async () => {
  const { accountId: asker } = await stage.as('anyone')(joinNetwork, {
    name: 'Asker',
    platform: 'terminal',
    subject: 'asker',
  })
  const given = await stage.as(asker)(ask, { model: 'my-bees@2', question: rows[3]!.question })
  expect(given).toMatchObject({ model: 'my-bees@2', priceUnits: '0' })
  await stage.as('attributor')(attribute, { answerId: given.answerId })
  const why = await stage.as(asker)(explain, { answer: given.answerId })
  expect(why.measured).toBe(true)
  expect(why.rows.length).toBeGreaterThan(0)
  expect(why.rows[0]!.contributor).toBe('Dev')
})
