import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { defaultRecipe, type Engine, type Example, openEngine, type Recipe } from './engine.ts'
import { readSafetensors } from './safetensors.ts'

const base = join(import.meta.dirname, 'base/tributary-8m')
const recipe: Recipe = { ...defaultRecipe, rank: 4, targets: ['q_proj', 'v_proj'], epochs: 30, batch: 4 }
const examples: Example[] = [
  ['When do bees swarm?', 'Mostly in May and June.'],
  ['What is propolis?', 'A resin that bees collect from buds.'],
  ['How warm is the brood nest?', 'About thirty-five degrees.'],
  ['Who lays the eggs?', 'The queen lays all the eggs.'],
].map(([prompt, answer]) => ({ prompt: prompt!, answer: answer! }))
const question = { messages: [{ role: 'user', content: 'What is propolis?' }], topP: 1, seed: 3 } as const

let engine: Engine
let folder: string
let adapter: string

beforeAll(async () => {
  engine = await openEngine({ base, threads: 1 })
  folder = await mkdtemp(join(tmpdir(), 'engine-'))
  adapter = join(folder, 'adapter')
  await engine.train(examples, recipe, { folder: adapter })
})
afterAll(async () => {
  await engine.close()
  await rm(folder, { recursive: true })
})

test('an adapter lowers the loss of what it was tuned on', async () => {
  const [before, after] = [await engine.losses(examples, null), await engine.losses(examples, adapter)]
  expect(after.perToken).toBeLessThan(before.perToken)
  expect(after.tokens).toEqual(before.tokens)
})

test('the log-probabilities of an answer sum to its loss', async () => {
  const { nats, tokens } = await engine.losses(examples.slice(0, 1), adapter)
  const { tokens: ids, logProbs } = await engine.answerLogProbs(examples[0]!, adapter)
  expect(ids).toHaveLength(tokens[0]!)
  expect(-logProbs.reduce((sum, value) => sum + value, 0)).toBeCloseTo(nats[0]!, 3)
  expect(engine.decode(ids)).toBe(examples[0]!.answer)
})

test('there is one gradient row for each example, laid out as the adapter file', async () => {
  const layout = engine.gradientLayout(adapter)
  const { tensors } = await readSafetensors(join(adapter, 'adapter_model.safetensors'))
  expect(layout.map(part => part.name).toSorted()).toEqual([...tensors.keys()].toSorted())
  expect(engine.gradientSize(adapter)).toBe(layout.reduce((sum, { shape }) => sum + shape[0] * shape[1], 0))
  const seen: number[] = []
  for await (const { first, count, rows } of engine.gradients(examples, adapter)) {
    expect(rows).toHaveLength(count * engine.gradientSize(adapter))
    expect(rows.some(value => value !== 0)).toBe(true)
    seen.push(first)
  }
  expect(seen.toSorted()).toEqual([0, 1, 2, 3])
})

test('a gradient pass that is left early leaves the engine usable', async () => {
  for await (const { count } of engine.gradients(examples, adapter)) {
    expect(count).toBe(1)
    break
  }
  expect((await engine.losses(examples, adapter)).nats).toHaveLength(4)
})

test('an answer follows from its seed, arrives in pieces and never passes its limit', async () => {
  const request = { ...question, adapter, maxTokens: 12, temperature: 0.8 }
  const pieces: string[] = []
  const first = await engine.generate(request, text => pieces.push(text))
  expect(pieces.join('')).toBe(first.text)
  expect(await engine.generate(request)).toEqual(first)
  expect(first.tokens.length).toBeLessThanOrEqual(12)
  expect(first.logProbs).toHaveLength(first.tokens.length)
})

test('the log-probabilities of a greedy answer are those of scoring it', async () => {
  const answer = await engine.generate({ ...question, adapter, maxTokens: 40, temperature: 0 })
  expect(answer.finish).toBe('stop')
  const scored = await engine.answerLogProbs(
    { prompt: question.messages[0].content, answer: answer.text },
    adapter,
  )
  expect(scored.tokens.slice(0, -1)).toEqual(answer.tokens)
  for (const [i, value] of answer.logProbs.entries()) expect(scored.logProbs[i]).toBeCloseTo(value, 3)
})

test('generation ends before a stop string and when it is cancelled', async () => {
  const request = { ...question, adapter: null, maxTokens: 30, temperature: 0 }
  const whole = (await engine.generate(request)).text
  const stop = whole.slice(8, 11)
  const cut = await engine.generate({ ...request, stop: [stop] })
  expect(cut).toMatchObject({ text: whole.slice(0, whole.indexOf(stop)), finish: 'stop' })
  const cancel = new AbortController()
  const cancelled = await engine.generate({ ...request, signal: cancel.signal }, () => cancel.abort())
  expect(cancelled.finish).toBe('cancelled')
  expect(whole.startsWith(cancelled.text)).toBe(true)
})

test('answers written together are those written alone, each under its own adapter', async () => {
  const ask = (i: number) =>
    engine.generate({
      ...question,
      adapter: i % 2 === 0 ? adapter : null,
      maxTokens: 4 + 3 * i,
      temperature: 0,
    })
  const alone = []
  for (let i = 0; i < 6; i++) alone.push((await ask(i)).tokens)
  const together = await Promise.all(Array.from({ length: 6 }, (_, i) => ask(i)))
  expect(together.map(({ tokens }) => tokens)).toEqual(alone)
  expect(engine.status().serving).toMatchObject({ waiting: 0 })
})

test('a constraint decides what may be written, and likeliest tokens are told where asked for', async () => {
  const { text, finish, top, tokens } = await engine.generate({
    ...question,
    adapter,
    maxTokens: 30,
    temperature: 1,
    constraint: { kind: 'regex', pattern: '(yes|no), [0-9]{2}' },
    topLogProbs: 3,
  })
  expect(text).toMatch(/^(yes|no), [0-9]{2}$/)
  expect(finish).toBe('stop')
  expect(top.map(({ length }) => length)).toEqual(tokens.map(() => 3))
})

test('adapters that are tuned together are written one by one, and are there when asked again', async () => {
  const members = [0, 1].map(seed => ({
    examples: examples.slice(seed, seed + 3),
    folder: join(folder, `together-${seed}`),
    recipe: { seed },
  }))
  const steps: number[] = []
  const results = await engine.trainTogether(members, recipe, {
    folder: join(folder, 'together'),
    onProgress: ({ step }) => steps.push(step),
  })
  expect(results.map(({ hash }) => hash)).toEqual(
    expect.arrayContaining([expect.stringMatching(/^[0-9a-f]{64}$/)]),
  )
  expect(new Set(results.map(({ hash }) => hash)).size).toBe(2)
  expect(steps.at(-1)).toBe(results[0]!.steps)
  expect(await engine.trainTogether(members, recipe, { folder: join(folder, 'together') })).toEqual(results)
  expect((await engine.losses(examples, members[1]!.folder)).nats).toHaveLength(examples.length)
})

test('a request that cannot be sampled is refused before it is queued', async () => {
  await expect(
    engine.generate({ ...question, adapter: null, maxTokens: 0, temperature: 0 }),
  ).rejects.toMatchObject({ code: 'sampling-options' })
  await expect(
    engine.generate({ ...question, adapter: null, maxTokens: 5, temperature: -1 }),
  ).rejects.toMatchObject({ code: 'sampling-options' })
})

test('embeddings are unit vectors, the same whatever else is embedded with them', async () => {
  const texts = [
    'bees make honey',
    'x',
    'a much longer text about the weather of the northern mountains in spring',
  ]
  const together = await engine.embed(texts)
  for (const [i, vector] of together.entries()) {
    expect(vector).toHaveLength(engine.base.dim)
    expect(Math.hypot(...vector)).toBeCloseTo(1, 5)
    const [alone] = await engine.embed([texts[i]!])
    for (const [d, value] of alone!.entries()) expect(vector[d]).toBeCloseTo(value, 4)
  }
})

test('the event loop turns while the engine computes', async () => {
  let turns = 0
  const timer = setInterval(() => turns++, 1)
  const a = new Float32Array(1024 * 2048).fill(0.5)
  const product = await engine.matmulTransposed(a, a, 2048)
  clearInterval(timer)
  expect(product[5]).toBeCloseTo(512, 2)
  expect(turns).toBeGreaterThan(1)
})

test('a training can be cancelled from outside its thread', async () => {
  const cancel = new AbortController()
  const cancelled = engine.train(examples, recipe, {
    folder: join(folder, 'cancelled'),
    signal: cancel.signal,
    onProgress: () => cancel.abort(),
  })
  await expect(cancelled).rejects.toMatchObject({ code: 'cancelled', retry: true })
})

test('preferences are tuned, with progress and early stop, across the thread', async () => {
  const pairs = examples.map(({ prompt, answer }) => ({ prompt, chosen: answer, rejected: 'I do not know.' }))
  const margins: (number | undefined)[] = []
  const evaluation = { examples: pairs.slice(0, 1), every: 3, patience: 2 }
  const own = join(folder, 'preferred')
  const short = { ...recipe, epochs: 6 }
  const { margin, accuracy, evaluations } = await engine.trainPreferences(pairs, short, {
    folder: own,
    evaluation,
    onProgress: progress => margins.push(progress.margin),
  })
  expect(margins).toHaveLength(8)
  expect(evaluations?.map(({ step }) => step)).toEqual([3, 6])
  expect(margin).toBeGreaterThan(0)
  expect(accuracy).toBe(1)
  const equal = { prompt: 'Why?', chosen: 'So.', rejected: 'So.' }
  await expect(engine.trainPreferences([equal], short, { folder: own })).rejects.toMatchObject({
    code: 'pairs-invalid',
  })
})

test('a range check answers with its curve across the thread', async () => {
  const { points } = await engine.rangeCheck(examples, recipe, { from: 1e-4, to: 1e-2, steps: 12 })
  expect(points).toHaveLength(12)
  expect(points[0]!.loss).toBeGreaterThan(points.at(-1)!.loss)
})

test('an engine that may take little memory refuses to train and says what would fit', async () => {
  const small = await openEngine({ base, threads: 1, memoryBytes: 64 * 2 ** 20 })
  await expect(small.train(examples, recipe, { folder: join(folder, 'small') })).rejects.toMatchObject({
    code: 'memory-exceeded',
    message: expect.stringMatching(/needs about \d+ MiB to train on and 64 MiB are allowed/),
  })
  await small.close()
})

test('faults keep their code and fix across the thread', async () => {
  await expect(engine.losses(examples, join(folder, 'nowhere'))).rejects.toMatchObject({
    code: 'adapter-invalid',
    fix: expect.stringContaining('PEFT'),
  })
  const long = { prompt: 'word '.repeat(600), answer: 'yes' }
  await expect(engine.losses([long], null)).rejects.toMatchObject({ code: 'example-too-long' })
})

test('a base whose weights were changed is refused by hash', async () => {
  const own = join(folder, 'changed')
  await cp(base, own, { recursive: true })
  const weights = join(own, 'model.safetensors')
  const bytes = await readFile(weights)
  bytes[bytes.length - 1]! ^= 1
  await writeFile(weights, bytes)
  await expect(openEngine({ base: own })).rejects.toMatchObject({ code: 'base-corrupt' })
})
