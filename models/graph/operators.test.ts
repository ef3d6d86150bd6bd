import { expect, test } from 'vitest'
import { floats, integers, openSession, type Tensor } from '../session.ts'
import { attention } from './attention.ts'
import { besideLinears, type Frozen } from './beside.ts'
import { add, addBias, gatedSilu, multiply } from './elementwise.ts'
import { moveRows, reshape } from './layout.ts'
import { tokenLoss } from './loss.ts'
import { rmsNorm } from './norm.ts'
import { linear, product } from './products.ts'
import { rotate } from './rope.ts'
import { Tape, type Value } from './tape.ts'

type Feeds = Record<string, Tensor>

/** Numbers that repeat nothing and lie within +-scale. */
const wave = (dims: readonly number[], step: number, scale = 1): Tensor => {
  const size = dims.reduce((product, dim) => product * dim, 1)
  return floats(
    Float32Array.from({ length: size }, (_, i) => Math.sin(1 + i * step) * scale),
    dims,
  )
}

interface Case {
  build(tape: Tape, input: (name: string) => Value): Value
  feeds: Feeds
  wrt: readonly string[]
  /** Inputs that follow from others, such as a merged weight. */
  derive?(feeds: Feeds): Feeds
}

const merged = (feeds: Feeds): Feeds => {
  const [w, a, b] = ['w', 'a', 'b'].map(name => feeds[name]!.data as Float32Array) as [
    Float32Array,
    Float32Array,
    Float32Array,
  ]
  const [out, width] = feeds.w!.dims as [number, number]
  const rank = a.length / width
  const data = w.map((value, i) => {
    let sum = 0
    for (let r = 0; r < rank; r++) sum += b[Math.floor(i / width) * rank + r]! * a[r * width + (i % width)]!
    return value + 0.5 * sum
  })
  return { ...feeds, merged: floats(data, [out, width]) }
}

const linearFeeds: Feeds = {
  x: wave([5, 6], 0.7),
  w: wave([4, 6], 1.1),
  a: wave([2, 6], 0.4),
  b: wave([4, 2], 0.9),
}
const lowRank = (input: (name: string) => Value) => ({ a: input('a'), b: input('b'), scale: 0.5 })

const frozen = (tape: Tape, w: Value): Frozen => ({
  forward: x => product(tape, x, w, [x.dims[0]!, w.dims[0]!], { transB: true }),
  backward: dy => product(tape, dy, w, [dy.dims[0]!, w.dims[1]!]),
})

/** Two layers of one input and their outputs' sum: the second scale differs, and so does the second rank. */
const besideFeeds: Feeds = {
  x: wave([6, 5], 0.7),
  w: wave([4, 5], 1.1),
  w2: wave([4, 5], 0.3),
  a: wave([2, 5], 0.4),
  b: wave([4, 2], 0.9),
  a2: wave([3, 5], 0.8),
  b2: wave([4, 3], 1.2),
}
const besideSum = (tape: Tape, input: (name: string) => Value): Value => {
  const [first, second] = besideLinears(tape, input('x'), [
    { frozen: frozen(tape, input('w')), update: lowRank(input) },
    { frozen: frozen(tape, input('w2')), update: { a: input('a2'), b: input('b2'), scale: 2 } },
  ])
  return add(tape, first!, second!)
}

const cases: Record<string, Case> = {
  add: {
    feeds: { x: wave([3, 4], 0.7), y: wave([3, 4], 1.3) },
    wrt: ['x', 'y'],
    build: (tape, input) => add(tape, input('x'), input('y')),
  },
  'add of a value to itself': {
    feeds: { x: wave([3, 4], 0.7) },
    wrt: ['x'],
    build: (tape, input) => add(tape, input('x'), input('x')),
  },
  multiply: {
    feeds: { x: wave([3, 4], 0.7), y: wave([3, 4], 1.3) },
    wrt: ['x', 'y'],
    build: (tape, input) => multiply(tape, input('x'), input('y')),
  },
  addBias: {
    feeds: { x: wave([3, 4], 0.7), bias: wave([4], 1.3) },
    wrt: ['x'],
    build: (tape, input) => addBias(tape, input('x'), input('bias')),
  },
  gatedSilu: {
    feeds: { gate: wave([3, 4], 0.7, 3), up: wave([3, 4], 1.3) },
    wrt: ['gate', 'up'],
    build: (tape, input) => gatedSilu(tape, input('gate'), input('up')),
  },
  rmsNorm: {
    feeds: { x: wave([3, 8], 0.7), weight: wave([8], 1.3) },
    wrt: ['x'],
    build: (tape, input) => rmsNorm(tape, input('x'), input('weight'), 1e-5),
  },
  rotate: {
    feeds: {
      x: wave([2, 2, 3, 8], 0.7),
      cos: floats((wave([5, 4], 0.3).data as Float32Array).map(Math.cos), [5, 4]),
      sin: floats((wave([5, 4], 0.3).data as Float32Array).map(Math.sin), [5, 4]),
      positions: { type: 'int64', dims: [2, 3], data: BigInt64Array.of(0n, 1n, 2n, 2n, 3n, 4n) },
    },
    wrt: ['x'],
    build: (tape, input) =>
      rotate(tape, input('x'), { cos: input('cos'), sin: input('sin'), positions: input('positions') }),
  },
  reshape: {
    feeds: { x: wave([3, 4], 0.7) },
    wrt: ['x'],
    build: (tape, input) => reshape(tape, input('x'), [-1, 2], [6, 2]),
  },
  moveRows: {
    feeds: {
      x: wave([4, 3], 0.7),
      index: integers(Int32Array.of(3, 1, 0), [3]),
      inverse: integers(Int32Array.of(2, 1, 0, 0), [4]),
      real: floats(Float32Array.of(1, 1, 0, 1), [4, 1]),
    },
    wrt: ['x'],
    build: (tape, input) =>
      moveRows(tape, input('x'), {
        index: input('index'),
        inverse: input('inverse'),
        inverseReal: input('real'),
      }),
  },
  linear: {
    feeds: linearFeeds,
    wrt: ['x', 'a', 'b'],
    derive: merged,
    build: (tape, input) => linear(tape, input('x'), input('merged'), lowRank(input)),
  },
  besideLinears: { feeds: besideFeeds, wrt: ['x', 'a', 'b', 'a2', 'b2'], build: besideSum },
  'besideLinears of three members': {
    feeds: {
      ...besideFeeds,
      a: wave([3, 2, 5], 0.4),
      b: wave([3, 4, 2], 0.9),
      a2: wave([3, 3, 5], 0.8),
      b2: wave([3, 4, 3], 1.2),
    },
    wrt: ['x', 'a', 'b', 'a2', 'b2'],
    build: besideSum,
  },
  'besideLinears where only one layer is adapted': {
    feeds: besideFeeds,
    wrt: ['x', 'a', 'b'],
    build: (tape, input) => {
      const [first, second] = besideLinears(tape, input('x'), [
        { frozen: frozen(tape, input('w')), update: null },
        { frozen: frozen(tape, input('w2')), update: lowRank(input) },
      ])
      return add(tape, first!, second!)
    },
  },
  attention: {
    feeds: {
      q: wave([2, 4, 3, 6], 0.7),
      k: wave([2, 2, 3, 6], 1.1),
      v: wave([2, 2, 3, 6], 0.4),
      mask: floats(
        Float32Array.from({ length: 18 }, (_, i) => (i % 3 > Math.floor(i / 3) % 3 ? -1e30 : 0)),
        [6, 3],
      ),
    },
    wrt: ['q', 'k', 'v'],
    build: (tape, input) => attention(tape, input('q'), input('k'), input('v'), input('mask')),
  },
  tokenLoss: {
    feeds: {
      hidden: wave([3, 4], 0.7),
      head: wave([5, 4], 1.1, 2),
      labels: integers(Int32Array.of(4, 0, 2), [3]),
    },
    wrt: ['hidden'],
    build: (tape, input) => tokenLoss(tape, input('hidden'), input('head'), input('labels')),
  },
  'tokenLoss of a vocabulary in three parts': {
    feeds: {
      hidden: wave([3, 2], 0.7, 3),
      head: wave([4100, 2], 1.1, 2),
      labels: integers(Int32Array.of(4099, 0, 2050), [3]),
    },
    wrt: ['hidden'],
    build: (tape, input) => tokenLoss(tape, input('hidden'), input('head'), input('labels')),
  },
}

async function open({ build, feeds, wrt, derive }: Case, plain: boolean) {
  const all = derive ? derive(feeds) : feeds
  const tape = new Tape({ plain })
  const input = (name: string): Value => tape.input(name, all[name]!.dims, all[name]!.type)
  for (const name of wrt) tape.watch(input(name))
  const output = build(tape, input)
  tape.output('output', output)
  const gradients = tape.gradients(output, tape.input('seed', output.dims), wrt.map(input))
  for (const [i, name] of wrt.entries()) tape.output(`d ${name}`, gradients[i]!)
  const session = await openSession(tape.encode('operator'), { threads: 1, optimise: false })
  const run = async (from: Feeds, seed: Tensor) => {
    const derived: Feeds = { ...(derive ? derive(from) : from), seed }
    return session.run(Object.fromEntries(session.inputs.map(name => [name, derived[name]!])))
  }
  const sizes = (await shapeOf(session, all)).dims
  return { session, run, seed: wave(sizes, 0.37) }
}

async function shapeOf(session: Awaited<ReturnType<typeof openSession>>, feeds: Feeds): Promise<Tensor> {
  const known = Object.fromEntries(
    session.inputs.filter(name => name !== 'seed').map(name => [name, feeds[name]!]),
  )
  const size = session.inputDims('seed').map(dim => (typeof dim === 'number' ? dim : 6))
  return (await session.run({ ...known, seed: wave(size, 1) })).output!
}

const inner = (a: Float32Array, b: Float32Array): number =>
  a.reduce((sum, value, i) => sum + value * b[i]!, 0)

for (const [name, one] of Object.entries(cases)) {
  for (const plain of [false, true]) {
    test(`the gradient of ${name} (${plain ? 'plain' : 'fused'}) agrees with finite differences`, async () => {
      const { session, run, seed } = await open(one, plain)
      const exact = await run(one.feeds, seed)
      const h = 1e-2
      for (const input of one.wrt) {
        const { dims } = one.feeds[input]!
        const data = one.feeds[input]!.data as Float32Array
        const gradient = exact[`d ${input}`]!
        expect(gradient.data.length).toBe(data.length)
        const moved = async (i: number, by: number): Promise<number> => {
          const shifted = floats(data.slice(), dims)
          shifted.data[i] = data[i]! + by
          const { output } = await run({ ...one.feeds, [input]: shifted }, seed)
          return inner(output!.data as Float32Array, seed.data as Float32Array)
        }
        for (let i = 0; i < data.length; i++) {
          const slope = ((await moved(i, h)) - (await moved(i, -h))) / (2 * h)
          expect(Math.abs(Number(gradient.data[i]) - slope)).toBeLessThan(2e-3 * Math.max(1, Math.abs(slope)))
        }
      }
      await session.close()
    })
  }

  test(`${name} is the same with onnxruntime's own operators and with standard ones`, async () => {
    const [fused, plain] = await Promise.all([open(one, false), open(one, true)])
    const [a, b] = await Promise.all([fused.run(one.feeds, fused.seed), plain.run(one.feeds, plain.seed)])
    for (const output of Object.keys(a)) {
      for (const [i, value] of (b[output]!.data as Float32Array).entries()) {
        expect(Math.abs(Number(a[output]!.data[i]) - value)).toBeLessThan(1e-5 * Math.max(1, Math.abs(value)))
      }
    }
    await Promise.all([fused.session.close(), plain.session.close()])
  })
}

test('gradients that keep examples apart sum to the gradient of all', async () => {
  const feeds: Feeds = {
    ...merged(linearFeeds),
    seed: wave([5, 4], 0.37),
    index: integers(Int32Array.of(0, 1, 1, 2, 3, 4), [2, 3]),
    real: floats(Float32Array.of(1, 1, 0, 1, 1, 1), [2, 3, 1]),
  }
  const gradients = async (apart: boolean): Promise<Float32Array[]> => {
    const tape = new Tape()
    const input = (name: string): Value => tape.input(name, feeds[name]!.dims, feeds[name]!.type)
    const update = { a: tape.watch(input('a')), b: tape.watch(input('b')), scale: 0.5 }
    const examples = apart ? { index: input('index'), real: input('real') } : undefined
    const output = linear(tape, input('x'), input('merged'), update, examples)
    const pair = tape.gradients(output, input('seed'), [update.a, update.b])
    tape.output('da', pair[0]!)
    tape.output('db', pair[1]!)
    const session = await openSession(tape.encode('apart'), { threads: 1 })
    const { da, db } = await session.run(Object.fromEntries(session.inputs.map(name => [name, feeds[name]!])))
    await session.close()
    return [da!.data as Float32Array, db!.data as Float32Array]
  }
  const [together, apart] = [await gradients(false), await gradients(true)]
  for (const side of [0, 1] as const) {
    const size = together[side]!.length
    expect(apart[side]!.length).toBe(2 * size)
    for (let i = 0; i < size; i++)
      expect(apart[side]![i]! + apart[side]![size + i]!).toBeCloseTo(together[side]![i]!, 5)
  }
})
