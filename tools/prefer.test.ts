import { mkdtempSync, rmSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { hashFile } from '../infra/blobs.ts'
import { newId } from '../infra/ids.ts'
import type { GenerateRequest } from '../models/engine.ts'
import { adapterFolder } from './adapter.ts'
import { another } from './another.ts'
import type { Network } from './context.ts'
import { prefer } from './prefer.ts'
import { preferencePairs } from './preferences.ts'
import { call } from './registry.ts'
import { as, ids, NOW, openSmallNetwork, type SmallNetwork } from './testing/small-network.ts'

let small: SmallNetwork
let network: Network
let folder = ''
let asked: GenerateRequest[] = []
let words: string[] = []
beforeAll(async () => {
  small = await openSmallNetwork()
  folder = mkdtempSync(join(tmpdir(), 'tributary-prefer-'))
  network = {
    ...small.network,
    folder,
    engine: {
      ...small.network.engine,
      generate: async (request: GenerateRequest) => {
        asked.push(request)
        return { text: words[(asked.length - 1) % words.length], tokens: [1, 2], promptTokens: 3 }
      },
    },
  } as unknown as Network
  const file = join(folder, 'adapter_model.safetensors')
  await writeFile(file, 'weights')
  const hash = await hashFile(file)
  await mkdir(adapterFolder(folder, hash), { recursive: true })
  await writeFile(join(adapterFolder(folder, hash), 'adapter_model.safetensors'), 'weights')
  await network.db.query('update releases set adapter_hash = $1', [hash])
})
beforeEach(async () => {
  asked = []
  words = ['A small hive.', 'Five frames with a queen.']
  await network.db.query('delete from preferences')
  await network.db.query('delete from alternatives')
})
afterAll(async () => {
  await small.remove()
  rmSync(folder, { recursive: true })
})

const compare = (accountId = ids.ann, answer = ids.answer) =>
  call(network, as(accountId), another, { answer })

it('a second answer differs from the first, is sampled warmer with another seed, and costs nothing', async () => {
  const told = await compare()
  expect(told).toEqual({
    answerId: ids.answer,
    model: 'bees@1',
    question: 'What is a nuc?',
    first: 'A small hive.',
    second: 'Five frames with a queen.',
  })
  expect(asked.map(({ temperature }) => temperature)).toEqual([0.8, 0.8])
  expect(new Set(asked.map(({ seed }) => seed)).size).toBe(2)
  expect(await network.db.query('select from transfers')).toEqual([])
})

it('a question has one second answer: asked for again, the same is shown and nothing is generated', async () => {
  const first = await compare()
  words = ['Something else.']
  expect(await compare()).toEqual(first)
  expect(asked).toHaveLength(2)
})

it('a model that is sure of its words is said to be, after three tries', async () => {
  words = ['A small hive. ']
  await expect(compare()).rejects.toMatchObject({ code: 'answers-alike' })
  expect(asked).toHaveLength(3)
})

it('nobody compares another’s answer, nor prefers what was not compared', async () => {
  await expect(compare(ids.bob)).rejects.toMatchObject({ code: 'answer-unknown' })
  await expect(
    call(network, as(ids.ann), prefer, { answer: ids.answer, choice: 'first' }),
  ).rejects.toMatchObject({ code: 'alternative-unknown' })
  await compare()
  await expect(
    call(network, as(ids.bob), prefer, { answer: ids.answer, choice: 'first' }),
  ).rejects.toMatchObject({ code: 'alternative-unknown' })
})

it('a preference is a pair to tune on; "neither" is none, and a later word replaces an earlier one', async () => {
  await compare()
  const say = (choice: 'first' | 'second' | 'neither') =>
    call(network, as(ids.ann), prefer, { answer: ids.answer, choice })
  await say('second')
  expect(await preferencePairs(network.db, ids.release)).toEqual([
    { prompt: 'What is a nuc?', chosen: 'Five frames with a queen.', rejected: 'A small hive.' },
  ])
  await say('first')
  expect(await preferencePairs(network.db, ids.release)).toMatchObject([{ chosen: 'A small hive.' }])
  await say('neither')
  expect(await preferencePairs(network.db, ids.release)).toEqual([])
})

it('a person has twenty second answers a day', async () => {
  const answers = Array.from({ length: 21 }, newId)
  for (const id of answers)
    await network.db.query(
      `insert into answers (id, release_id, account_id, epoch, question, answer, state, price_units, seed, salt, asked_at)
       values ($1, $2, $3, 1, 'Why?', 'Because.', 'answered', 0, 1, $4, $5)`,
      [id, ids.release, ids.bob, Buffer.alloc(32), NOW],
    )
  for (const id of answers.slice(0, 20)) await compare(ids.bob, id)
  await expect(compare(ids.bob, answers[20])).rejects.toMatchObject({ code: 'comparisons-spent' })
})
