import { expect, test } from 'vitest'
import { floats, openSession, type Tensor } from '../session.ts'
import { normaliseRows, poolRows } from './contrast.ts'
import { Tape, type Value } from './tape.ts'

const wave = (dims: readonly [number, number], step: number): Tensor =>
  floats(
    Float32Array.from({ length: dims[0] * dims[1] }, (_, i) => Math.sin(1 + i * step)),
    dims,
  )
const data = (tensor: Tensor | undefined): Float32Array => tensor?.data as Float32Array

interface Case {
  x: Tensor
  seed: Tensor
  feeds: Record<string, Tensor>
  build(tape: Tape, x: Value): Value
}

const average = floats(Float32Array.of(0.5, 0.5, 0, 0, 0, 0, 0, 1 / 3, 1 / 3, 1 / 3), [2, 5])
const cases: Record<string, Case> = {
  poolRows: {
    x: wave([5, 3], 0.7),
    seed: wave([2, 3], 0.37),
    feeds: { average },
    build: (tape, x) => poolRows(tape, x, tape.input('average', [2, 5])),
  },
  normaliseRows: {
    x: wave([4, 3], 0.7),
    seed: wave([4, 3], 0.37),
    feeds: {},
    build: (tape, x) => normaliseRows(tape, x),
  },
}

async function open({ x, seed, feeds, build }: Case, plain: boolean) {
  const tape = new Tape({ plain })
  const input = tape.watch(tape.input('x', x.dims))
  const output = build(tape, input)
  tape.output('output', output)
  tape.output('dx', tape.gradients(output, tape.input('seed', seed.dims), [input])[0]!)
  const session = await openSession(tape.encode('contrast'), { threads: 1, optimise: false })
  return { session, run: (moved: Tensor) => session.run({ x: moved, seed, ...feeds }) }
}

for (const [name, one] of Object.entries(cases)) {
  for (const plain of [false, true]) {
    test(`the gradient of ${name} (${plain ? 'plain' : 'fused'}) agrees with finite differences`, async () => {
      const { session, run } = await open(one, plain)
      const exact = data((await run(one.x)).dx)
      const h = 1e-2
      for (const i of exact.keys()) {
        const moved = async (by: number): Promise<number> => {
          const x = data(one.x).slice()
          x[i]! += by
          const output = data((await run(floats(x, one.x.dims))).output)
          return output.reduce((sum, value, at) => sum + value * data(one.seed)[at]!, 0)
        }
        const slope = ((await moved(h)) - (await moved(-h))) / (2 * h)
        expect(Math.abs(exact[i]! - slope)).toBeLessThan(2e-3 * Math.max(1, Math.abs(slope)))
      }
      await session.close()
    })
  }
}

test('a row of zeros stays zero and its gradient finite', async () => {
  const zeros = floats(new Float32Array(12), [4, 3])
  const { session, run } = await open(cases.normaliseRows!, false)
  const { output, dx } = await run(zeros)
  expect([...data(output)]).toEqual(Array(12).fill(0))
  expect(data(dx).every(Number.isFinite)).toBe(true)
  await session.close()
})
