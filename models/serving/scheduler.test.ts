import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Adapter } from '../lora.ts'
import { initialLora, loraLayout } from '../lora.ts'
import { type Model, openModel } from '../model.ts'
import { argmax } from '../sampling.ts'
import { Forward, startSequence } from './forward.ts'
import { packWeights } from './packed-weights.ts'
import { defaultServingLimits, Scheduler, type ServingLimits } from './scheduler.ts'

let model: Model
beforeAll(async () => {
  model = await openModel(join(import.meta.dirname, '../golden/llama-tied/base'), 1)
})
afterAll(() => model.close())

const open = (limits: Partial<ServingLimits> = {}): Scheduler =>
  new Scheduler(model, new Forward(model, packWeights(model.config, model.weights, 'float32')), {
    ...defaultServingLimits,
    ...limits,
  })

function adapterOf(seed: number, rank: number, targets: readonly string[]): Adapter {
  const shape = { rank, alpha: 2 * rank, targets }
  const layout = loraLayout(model.config, shape)
  const flat = initialLora(layout, seed).map((value, i) => value + Math.sin(i * seed) * 0.08)
  return { shape, layout, flat, hash: `adapter ${seed}` }
}

const promptOf = (seed: number, length: number): number[] =>
  Array.from({ length }, (_, i) => 3 + ((i * 37 + seed * 11) % 300))

interface Greedy {
  tokens: number[]
  logits: Float32Array[]
}
const greedy = (count: number): Greedy & { next(logits: Float32Array): number | null } => {
  const tokens: number[] = []
  const logits: Float32Array[] = []
  return {
    tokens,
    logits,
    next(row) {
      logits.push(row.slice())
      tokens.push(argmax(row))
      return tokens.length < count ? tokens.at(-1)! : null
    },
  }
}

async function alone(prompt: readonly number[], adapter: Adapter | null, count: number): Promise<number[]> {
  const weights = adapter ? await model.merge(adapter.layout, adapter.flat) : model.weights
  const sequence = startSequence(model, weights)
  const tokens = [argmax(await sequence.feed(prompt))]
  while (tokens.length < count) tokens.push(argmax(await sequence.feed([tokens.at(-1)!])))
  return tokens
}

test('each sequence of a batch reads its own adapter, whatever their ranks and layers', async () => {
  const scheduler = open()
  const adapters = [
    null,
    adapterOf(1, 4, ['q_proj', 'v_proj']),
    adapterOf(2, 8, ['down_proj']),
    adapterOf(3, 2, ['q_proj', 'k_proj', 'o_proj', 'gate_proj', 'up_proj']),
    null,
    adapterOf(4, 4, ['v_proj', 'up_proj']),
  ]
  const tasks = adapters.map((adapter, i) => ({
    prompt: promptOf(i, 5 + 17 * i),
    adapter,
    count: 3 + 4 * i,
  }))
  const got = tasks.map(({ count }) => greedy(count))
  await Promise.all(
    tasks.map(({ prompt, adapter, count }, i) =>
      scheduler.run({ prompt, adapter, maxTokens: count, next: got[i]!.next }),
    ),
  )
  for (const [i, { prompt, adapter, count }] of tasks.entries())
    expect(got[i]!.tokens).toEqual(await alone(prompt, adapter, count))
  const different = new Set(got.map(({ tokens }) => `${tokens.slice(0, 3)}`))
  expect(different.size).toBeGreaterThan(3)
})

test('sequences past the number of rows wait for one, and all are written', async () => {
  const scheduler = open({ rows: 2 })
  const got = Array.from({ length: 7 }, (_, i) => greedy(2 + (i % 3)))
  const runs = got.map(({ next }, i) =>
    scheduler.run({ prompt: promptOf(i, 9), adapter: null, maxTokens: 5, next }),
  )
  await Promise.resolve()
  expect(scheduler.status().running).toBeLessThanOrEqual(2)
  expect(await Promise.all(runs)).toEqual(runs.map(() => 'ended'))
  for (const [i, { tokens }] of got.entries())
    expect(tokens).toEqual(await alone(promptOf(i, 9), null, 2 + (i % 3)))
  await scheduler.idle()
  expect(scheduler.status()).toMatchObject({ running: 0, waiting: 0 })
})

test('prompts of any length are read together, up to the end of the context', async () => {
  const scheduler = open()
  const { context } = model.config
  const lengths = [context - 4, 1, 64, 65, 63, 3, context - 70, 20, 64, 30]
  const got = lengths.map(() => greedy(3))
  await Promise.all(
    lengths.map((length, i) =>
      scheduler.run({ prompt: promptOf(i, length), adapter: null, maxTokens: 3, next: got[i]!.next }),
    ),
  )
  for (const [i, length] of lengths.entries())
    expect(got[i]!.tokens).toEqual(await alone(promptOf(i, length), null, 3))
})

test('a full queue refuses and says when to come back', async () => {
  const scheduler = open({ rows: 1, queue: 2 })
  // One has the free row, two may wait.
  const runs = [1, 2, 3].map(seed =>
    scheduler.run({ prompt: promptOf(seed, 8), adapter: null, maxTokens: 2, next: greedy(2).next }),
  )
  const fourth = scheduler.run({
    prompt: promptOf(4, 8),
    adapter: null,
    maxTokens: 2,
    next: greedy(2).next,
  })
  await expect(fourth).rejects.toMatchObject({ code: 'queue-full', retry: true })
  await Promise.all(runs)
})

test('one that is cancelled leaves, one whose sampler fails is rejected, the others go on', async () => {
  const scheduler = open()
  const cancel = new AbortController()
  const slow = greedy(12)
  const started: number[] = []
  const runs = [
    scheduler.run({ prompt: promptOf(1, 9), adapter: null, maxTokens: 12, next: slow.next }),
    scheduler.run({
      prompt: promptOf(2, 9),
      adapter: null,
      maxTokens: 12,
      signal: cancel.signal,
      next() {
        started.push(1)
        if (started.length === 3) cancel.abort()
        return 5
      },
    }),
    scheduler.run({
      prompt: promptOf(3, 9),
      adapter: null,
      maxTokens: 12,
      next() {
        throw new Error('no token')
      },
    }),
  ]
  const ends = await Promise.allSettled(runs)
  expect(ends[0]).toEqual({ status: 'fulfilled', value: 'ended' })
  expect(ends[1]).toEqual({ status: 'fulfilled', value: 'cancelled' })
  expect(ends[2]).toMatchObject({ status: 'rejected', reason: { message: 'no token' } })
  expect(started).toHaveLength(3)
  expect(slow.tokens).toEqual(await alone(promptOf(1, 9), null, 12))
})

test('one that is cancelled while it waits never starts', async () => {
  const scheduler = open({ rows: 1 })
  const cancel = new AbortController()
  const first = scheduler.run({
    prompt: promptOf(1, 9),
    adapter: null,
    maxTokens: 4,
    next(logits) {
      cancel.abort()
      return argmax(logits) < 0 ? 0 : null
    },
  })
  const second = scheduler.run({
    prompt: promptOf(2, 9),
    adapter: null,
    maxTokens: 4,
    signal: cancel.signal,
    next() {
      throw new Error('started')
    },
  })
  expect(await Promise.all([first, second])).toEqual(['ended', 'cancelled'])
})

test('a prompt that begins as an earlier one is recalled, and gives the same logits to the bit', async () => {
  const scheduler = open()
  const adapter = adapterOf(5, 4, ['q_proj', 'v_proj'])
  const once = async (prompt: number[], own: Adapter | null): Promise<Greedy> => {
    const task = greedy(4)
    await scheduler.run({ prompt, adapter: own, maxTokens: 4, next: task.next })
    return { tokens: task.tokens, logits: task.logits }
  }
  const prompt = promptOf(1, 100)
  const first = await once(prompt, adapter)
  expect(scheduler.status().prefixHits).toBe(0)
  const second = await once(prompt, adapter)
  expect(scheduler.status().prefixHits).toBe(1)
  expect(second).toEqual(first)
  const longer = [...prompt.slice(0, 70), ...promptOf(9, 20)]
  const shared = await once(longer, adapter)
  expect(scheduler.status().prefixHits).toBe(2)
  expect(shared.tokens).toEqual(await alone(longer, adapter, 4))
  // The same tokens under another adapter have other keys and values.
  expect((await once(prompt, null)).tokens).toEqual(await alone(prompt, null, 4))
  expect(scheduler.status().prefixHits).toBe(2)
})

test('a sequence that could never fit is refused, one that must wait for memory is written later', async () => {
  const tokens = 128
  const perRow = 2 * model.config.layers * model.config.kvHeads * tokens * model.config.headDim * 4
  const scheduler = open({ keyValueBytes: perRow })
  await expect(
    scheduler.run({ prompt: promptOf(1, 120), adapter: null, maxTokens: 60, next: greedy(1).next }),
  ).rejects.toMatchObject({ code: 'memory-exceeded' })
  const got = [greedy(3), greedy(40), greedy(3)]
  const lengths = [60, 80, 20]
  await Promise.all(
    got.map(({ next }, i) =>
      scheduler.run({ prompt: promptOf(i, lengths[i]!), adapter: null, maxTokens: 40, next }),
    ),
  )
  for (const [i, count] of [3, 40, 3].entries())
    expect(got[i]!.tokens).toEqual(await alone(promptOf(i, lengths[i]!), null, count))
  expect(scheduler.status().keyValueBytes).toBeLessThanOrEqual(perRow)
})

test('an adapter whose numbers overflow fails its own answer and nobody else, before or after', async () => {
  const scheduler = open()
  const good = adapterOf(1, 4, ['q_proj', 'v_proj'])
  const bad = adapterOf(2, 4, ['q_proj', 'k_proj', 'v_proj', 'down_proj'])
  bad.flat.fill(3e30)
  const ask = async (adapter: Adapter | null) => {
    const task = greedy(3)
    const next = (logits: Float32Array): number | null => {
      if (!Number.isFinite(logits[0])) throw new Error('not finite')
      return task.next(logits)
    }
    await scheduler.run({ prompt: promptOf(1, 80), adapter, maxTokens: 3, next })
    return task.tokens
  }
  const want = await alone(promptOf(1, 80), null, 3)
  const together = await Promise.allSettled([ask(null), ask(bad), ask(good), ask(null)])
  expect(together.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled'])
  expect(together[3]).toEqual({ status: 'fulfilled', value: want })
  await expect(ask(bad)).rejects.toThrow('not finite')
  expect(await ask(null)).toEqual(want)
  expect(await ask(good)).toEqual(await alone(promptOf(1, 80), good, 3))
})

test('memory stays within its limits when a long sequence follows many short ones, and is given back', async () => {
  const { layers, kvHeads, headDim } = model.config
  const perToken = 2 * layers * kvHeads * headDim * 4
  const keyValueBytes = perToken * 64 * 8
  const scheduler = open({ keyValueBytes, bankBytes: 2 ** 20 })
  let most = 0
  let widest = 0
  const ask = async (seed: number, length: number, rank: number): Promise<void> => {
    const task = greedy(4)
    const next = (logits: Float32Array): number | null => {
      const { keyValueBytes: held, running, bankBytes } = scheduler.status()
      most = Math.max(most, held)
      widest = Math.max(widest, running)
      expect(bankBytes).toBeLessThanOrEqual(2 ** 20)
      return task.next(logits)
    }
    const adapter = adapterOf(seed, rank, ['q_proj'])
    await scheduler.run({ prompt: promptOf(seed, length), adapter, maxTokens: 4, next })
  }
  const wave = (rank: number) => Array.from({ length: 8 }, (_, i) => ask(i + 1, 10, rank))
  await Promise.all([...wave(2), ask(9, 120, 16)])
  expect(most).toBeLessThanOrEqual(keyValueBytes)
  await scheduler.idle()
  expect(scheduler.status()).toMatchObject({ keyValueBytes: 0, bankBytes: 0 })
  widest = 0
  await Promise.all(wave(2))
  expect(widest).toBe(8)
})
