import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildCurvature } from './influence/curvature.ts'
import { openRows, rowLayout, writeRows } from './influence/rows-file.ts'
import { scan } from './influence/scan.ts'
import { dampingShare, type Multiply } from './kernel.ts'
import type { Bound, Tolerance } from './tolerance.ts'
import { influenceTolerance } from './tolerance-influence.ts'
import { rowErrors } from './tolerance-rows.ts'
import { shareTolerance } from './tolerance-shares.ts'

/** Numbers between -1 and 1, the same in every run. */
const numbers = (seed: number) => {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 31 - 1
  }
}

/** Products in float32 whose sums run one way or the other. */
const multiplyIn =
  (forward: boolean): Multiply =>
  async (a, b, k) => {
    const [m, n] = [a.length / k, b.length / k]
    const out = new Float32Array(m * n)
    for (let i = 0; i < m; i++)
      for (let j = 0; j < n; j++) {
        let sum = 0
        for (let at = 0; at < k; at++) {
          const e = forward ? at : k - 1 - at
          sum = Math.fround(sum + Math.fround(a[i * k + e]! * b[j * k + e]!))
        }
        out[i * n + j] = sum
      }
    return out
  }

/** Error of a gradient that is tried, for one deviation. */
const error = 2e-5

interface Case {
  widths: number[]
  rows: Float32Array[]
  question: Float32Array
  roots: Float64Array
}

/** Rows of a common part and one of their own, as gradients of one datanet are. */
const caseOf = (n: number, widths: number[]): Case => {
  const random = numbers(7)
  const size = widths.reduce((sum, width) => sum + width, 0)
  const common = Float32Array.from({ length: size }, random)
  const rows = Array.from({ length: n }, () => common.map(value => 0.6 * value + random() ** 3))
  const question = rows[3]!.map((value, i) => value + 0.5 * rows[9]![i]! + 0.3 * random())
  const roots = Float64Array.from({ length: n }, (_, i) => (i === 5 ? 0.5 : i === 7 ? 0 : 1))
  return { widths, rows: rows.map((row, i) => row.map(value => roots[i]! * value)), question, roots }
}

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tolerance-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

let built = 0
/** Influence as one machine computes it. */
const measure = async ({ widths, rows, question, roots }: Case, multiply: Multiply) => {
  const layout = rowLayout(widths)
  const n = rows.length
  const path = join(folder, String(built++))
  const writer = await writeRows(`${path}.rows`, layout, 'rows')
  for (const [i, row] of rows.entries()) await writer.put(i, row)
  await writer.close()
  const file = await openRows(`${path}.rows`, layout, 'rows', n)
  const paths = { sums: `${path}.sums`, preconditioned: `${path}.y`, identity: 'y' }
  const { step } = await buildCurvature(file, paths, { multiply })
  const preconditioned = await openRows(`${path}.y`, layout, 'y', n)
  const [products] = await scan(preconditioned, [question])
  const influence = products!.map((product, i) => (step / n) * roots[i]! * product)
  return { file, preconditioned, step, influence, path }
}
type Machine = Awaited<ReturnType<typeof measure>>
const close = async ({ file, preconditioned }: Machine) => {
  await file.close()
  await preconditioned.close()
}

const toleranceOf = async (machine: Machine, it: Case, multiply: Multiply, off = error) =>
  influenceTolerance(
    {
      rows: machine.file,
      preconditioned: machine.preconditioned,
      roots: it.roots,
      step: machine.step,
      share: dampingShare,
      errors: it.widths.map(() => off),
      widening: it.widths.map(() => 1),
    },
    multiply,
    `${machine.path}.factors-${off}`,
  )

/** The same gradients, every element off by about `error` of its tensor's root mean square. */
const perturbed = ({ widths, rows, question, roots }: Case, seed: number): Case => {
  const random = numbers(seed)
  const move = (row: Float32Array): Float32Array => {
    const out = row.slice()
    let start = 0
    for (const width of widths) {
      const norm = Math.hypot(...row.subarray(start, start + width))
      const each = (error * norm * Math.sqrt(3)) / Math.sqrt(width)
      for (let i = start; i < start + width; i++) out[i] = out[i]! + each * random()
      start += width
    }
    return out
  }
  return { widths, rows: rows.map(move), question: move(question), roots }
}

const dot = (a: ArrayLike<number>, b: ArrayLike<number>) => {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!
  return sum
}
const rootMeanSquare = (values: ArrayLike<number>) => Math.sqrt(dot(values, values) / values.length)

const forms = [
  { name: 'by rows', n: 24, widths: Array.from({ length: 16 }, (_, b) => 150 + 20 * (b % 4)) },
  { name: 'by columns', n: 64, widths: Array.from({ length: 40 }, (_, b) => 40 + 6 * (b % 4)) },
]

describe.each(forms)('the tolerance of influence solved $name', ({ n, widths }) => {
  const given = caseOf(n, widths)
  const forward = multiplyIn(true)
  let here: Machine
  let influence: Float64Array
  let tolerance: Tolerance
  let bounds: Bound[]
  let release: () => Promise<void>
  beforeAll(async () => {
    here = await measure(given, forward)
    influence = here.influence
    const opened = await toleranceOf(here, given, forward)
    tolerance = await opened.ask(given.question)
    bounds = tolerance.rows({ influence })
    release = () => opened.close()
  })
  afterAll(async () => {
    await release?.()
    await close(here)
  })

  it('covers machines whose gradients differ and whose sums run the other way', async () => {
    for (let seed = 1; seed <= 6; seed++) {
      const there = await measure(perturbed(given, seed), multiplyIn(seed % 2 === 0))
      const differences = there.influence.map((value, i) => value - influence[i]!)
      await close(there)
      expect(Math.hypot(...differences)).toBeGreaterThan(0)
      for (const [i, { likely, worst }] of bounds.entries()) {
        expect(Math.abs(differences[i]!)).toBeLessThanOrEqual(likely / 3)
        expect(Math.abs(differences[i]!)).toBeLessThanOrEqual(worst / 20)
      }
      const random = numbers(seed)
      for (const slopes of [influence.map(() => 1), influence.map(random)]) {
        const figure = tolerance.figure({ influence }, slopes)
        expect(Math.abs(dot(differences, slopes))).toBeLessThan(figure.likely / 3)
        expect(figure.likely).toBeLessThanOrEqual(figure.worst)
      }
    }
  })

  it('gives a figure of one row the bound of that row', () => {
    for (const i of [0, 3, 5]) {
      const one = tolerance.figure(
        { influence },
        influence.map((_, j) => Number(i === j)),
      )
      expect(one.likely / bounds[i]!.likely).toBeCloseTo(1, 5)
      expect(one.worst / bounds[i]!.worst).toBeCloseTo(1, 5)
    }
  })

  it('is nothing for a row without weight', () => {
    expect(bounds[7]).toEqual({ worst: 0, likely: 0 })
  })

  it('is a small part of the influence, so that another row in its place lies beyond it', () => {
    expect(rootMeanSquare(bounds.map(({ likely }) => likely))).toBeLessThan(rootMeanSquare(influence) / 10)
    const far = [3, 9].filter(i => Math.abs(influence[i]! - influence[0]!) > bounds[i]!.likely)
    expect(far).toEqual([3, 9])
  })

  it('leaves a share no room for rows that were swapped, or for a point more', () => {
    const rows = influence.map((_, i) => i)
    const pay = Array.from(rows, i => ({
      account: i < n / 2 ? 'anna' : 'bela',
      cluster: i,
      canonical: true,
      withdrawn: false,
    }))
    const divided = { rows: pay, influence, gain: 1, gainWithin: 0, dataUnits: 1e12 }
    const allowed = shareTolerance(divided, { influence }, tolerance, bounds)('anna')
    const shareOf = (tau: Float64Array) => {
      const paid = tau.map(value => Math.max(0, value))
      const all = paid.reduce((sum, value) => sum + value, 0)
      return paid.reduce((sum, value, i) => sum + (i < n / 2 ? value : 0), 0) / all
    }
    const swapped = influence.slice()
    const [last] = Array.from(influence.keys())
      .filter(i => i >= n / 2)
      .sort((a, b) => influence[a]! - influence[b]!)
    ;[swapped[3], swapped[last!]] = [influence[last!]!, influence[3]!]
    expect(Math.abs(shareOf(swapped) - shareOf(influence))).toBeGreaterThan(allowed)
    expect(allowed).toBeLessThan(0.05)
  })
})

describe('the tolerance of influence', () => {
  it('grows with the error of a gradient, and a sum of rows by less than its rows', async () => {
    const given = caseOf(24, [60, 90, 48])
    const machine = await measure(given, multiplyIn(true))
    const { influence } = machine
    const likely: number[] = []
    for (const scale of [1, 1000, 2000]) {
      const opened = await toleranceOf(machine, given, multiplyIn(true), scale * error)
      const asked = await opened.ask(given.question)
      const bounds = asked.rows({ influence })
      const ones = influence.map(() => 1)
      likely.push(rootMeanSquare(bounds.map(bound => bound.likely)))
      expect(asked.figure({ influence }, ones).likely).toBeLessThan(
        bounds.reduce((sum, bound) => sum + bound.likely, 0) / 2,
      )
      await opened.close()
    }
    await close(machine)
    expect(likely[1]!).toBeGreaterThan(10 * likely[0]!)
    // Float errors grow as the gradient's, flips by their root.
    expect(likely[2]! / likely[1]!).toBeGreaterThan(Math.SQRT2)
    expect(likely[2]! / likely[1]!).toBeLessThan(2)
  })

  it('lets a sum that is factored err by the root of its length, a solution by the order of its matrix', async () => {
    const found = []
    for (const [n, width] of [
      [8, 64],
      [16, 64],
      [16, 256],
      [300, 64],
      [1200, 64],
    ] as const) {
      const given = caseOf(Math.max(10, n), [width])
      const machine = await measure(given, multiplyIn(true))
      const { file: rows, preconditioned, step } = machine
      const measured = { rows, preconditioned, roots: given.roots, step, share: dampingShare }
      const { blocks } = await rowErrors(
        { ...measured, errors: [error], widening: [1] },
        multiplyIn(true),
        async () => 1,
      )
      found.push(blocks[0]!)
      await close(machine)
    }
    const [few, , wide, many, most] = found
    expect(wide!.summed / few!.summed).toBeCloseTo(2, 12)
    expect(most!.summed / many!.summed).toBeCloseTo(2, 12)
    expect(wide!.solved / few!.solved).toBeCloseTo(1.6, 12)
    expect(most!.solved).toBe(many!.solved)
    // One lambda for all rows: their errors cancel in it.
    expect(most!.damping.one).toBeLessThan(many!.damping.one)
    expect(few!.damping.one).toBeLessThan(2 * error)
  })
})
