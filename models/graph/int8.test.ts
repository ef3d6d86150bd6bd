import { expect, test } from 'vitest'
import { int8Matrix } from '../int8.ts'
import { uniform } from '../sampling.ts'
import { floats, integers, openSession, type Tensor } from '../session.ts'
import { besideLinears } from './beside.ts'
import { int8Product, int8ProductByRow, quantised } from './int8.ts'
import { tokenLoss } from './loss.ts'
import { product } from './products.ts'
import { Tape, type Value } from './tape.ts'

type Feeds = Record<string, Tensor>

/** Numbers without order within +-scale; waves would cancel in products. */
const noise = (dims: readonly number[], seed: number, scale = 1): Tensor => {
  const random = uniform(seed)
  const size = dims.reduce((whole, dim) => whole * dim, 1)
  return floats(
    Float32Array.from({ length: size }, () => (2 * random() - 1) * scale),
    dims,
  )
}

const [N, K, OUT] = [7, 48, 20]
const x = noise([N, K], 1)
const dy = noise([N, OUT], 2)
const w = noise([OUT, K], 3, 0.1)
const data = w.data as Float32Array
const forward = int8Matrix(data, OUT, K, true)
const backward = int8Matrix(data, OUT, K, false)
const weights: Feeds = {
  w,
  f: forward.values,
  'f.s': forward.scales,
  b: backward.values,
  'b.s': backward.scales,
}

async function run(
  feeds: Feeds,
  plain: boolean,
  build: (tape: Tape, input: (name: string) => Value) => Record<string, Value>,
): Promise<Record<string, Float32Array>> {
  const tape = new Tape({ plain })
  const input = (name: string): Value => tape.input(name, feeds[name]!.dims, feeds[name]!.type)
  for (const [name, value] of Object.entries(build(tape, input))) tape.output(name, value)
  const session = await openSession(tape.encode('int8'), { threads: 1, optimise: false })
  const outputs = await session.run(Object.fromEntries(session.inputs.map(name => [name, feeds[name]!])))
  await session.close()
  return Object.fromEntries(
    Object.entries(outputs).map(([name, value]) => [name, value.data as Float32Array]),
  )
}

const relative = (a: Float32Array, b: Float32Array): number =>
  Math.sqrt(a.reduce((sum, value, i) => sum + (value - b[i]!) ** 2, 0) / b.reduce((sum, v) => sum + v * v, 0))

const both = (tape: Tape, input: (name: string) => Value): Record<string, Value> => {
  const [first] = besideLinears(tape, tape.watch(input('x')), [
    {
      frozen: {
        forward: rows => {
          const matrix = { values: input('f'), scales: input('f.s') }
          return int8Product(tape, quantised(tape, rows), matrix, [N, OUT])
        },
        backward: rows => {
          const matrix = { values: input('b'), scales: input('b.s') }
          return int8Product(tape, quantised(tape, rows), matrix, [N, K])
        },
      },
      update: null,
    },
  ])
  return { y: first!, dx: tape.gradients(first!, input('dy'), [input('x')])[0]! }
}

test('an int8 layer and its straight-through gradient are within 2% of the float32 products', async () => {
  const int8 = await run({ ...weights, x, dy }, false, both)
  const float = await run({ ...weights, x, dy }, false, (tape, input) => ({
    y: product(tape, input('x'), input('w'), [N, OUT], { transB: true }),
    dx: product(tape, input('dy'), input('w'), [N, K]),
  }))
  for (const name of ['y', 'dx']) {
    expect(relative(int8[name]!, float[name]!)).toBeLessThan(0.02)
    expect(relative(int8[name]!, float[name]!)).toBeGreaterThan(1e-5)
  }
})

test("onnxruntime's int8 product is the standard operators'", async () => {
  const [own, plain] = [
    await run({ ...weights, x, dy }, false, both),
    await run({ ...weights, x, dy }, true, both),
  ]
  for (const name of ['y', 'dx']) expect(relative(own[name]!, plain[name]!)).toBeLessThan(1e-6)
})

test('each column is rounded to 1/127 of its largest number, and a column of zeros stays zero', () => {
  const { values, scales } = int8Matrix(Float32Array.of(0.5, 0, -1, 0, 0.25, 0), 3, 2, false)
  expect([...values.data]).toEqual([64, 0, -127, 0, 32, 0])
  expect(scales.data[0]).toBeCloseTo(1 / 127, 7)
  const turned = int8Matrix(Float32Array.of(0.5, -1, 0.25, 0, 0, 0), 2, 3, true)
  expect(turned.values.dims).toEqual([3, 2])
  expect([...turned.values.data]).toEqual([64, 0, -127, 0, 32, 0])
})

test('int8 logits move the loss and its gradient by less than 2%', async () => {
  const head = noise([2100, K], 4, 0.3)
  const { values, scales } = int8Matrix(head.data as Float32Array, 2100, K, true)
  const feeds: Feeds = {
    x,
    head,
    labels: integers(
      Int32Array.from({ length: N }, (_, i) => i * 299),
      [N],
    ),
    seed: noise([N], 5),
    h: values,
    'h.s': scales,
  }
  const loss = (int8: boolean) =>
    run(feeds, false, (tape, input) => {
      const options = int8 ? { int8Head: { values: input('h'), scales: input('h.s') } } : {}
      const nats = tokenLoss(tape, tape.watch(input('x')), input('head'), input('labels'), options)
      return { nats, dx: tape.gradients(nats, input('seed'), [input('x')])[0]! }
    })
  const [int8, float] = [await loss(true), await loss(false)]
  for (const name of ['nats', 'dx']) expect(relative(int8[name]!, float[name]!)).toBeLessThan(0.02)
})

test('one huge row does not round the others away where each row has its own scale', async () => {
  const uneven = floats(
    (x.data as Float32Array).map((value, i) => (i < K ? 1000 * value : value)),
    [N, K],
  )
  const outputs = async (plain: boolean) =>
    run({ ...weights, x: uneven }, plain, (tape, input) => {
      const matrix = { values: input('f'), scales: input('f.s') }
      return {
        byRow: int8ProductByRow(tape, input('x'), matrix, [N, OUT]),
        together: int8Product(tape, quantised(tape, input('x')), matrix, [N, OUT]),
        float: product(tape, input('x'), input('w'), [N, OUT], { transB: true }),
      }
    })
  for (const plain of [false, true]) {
    const { byRow, together, float } = await outputs(plain)
    const others = (values: Float32Array) => values.subarray(OUT)
    expect(relative(others(byRow!), others(float!))).toBeLessThan(0.02)
    expect(relative(others(together!), others(float!))).toBeGreaterThan(0.5)
  }
})
