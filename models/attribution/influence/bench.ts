/** `node models/attribution/projected/bench.ts [rows...]`: the projected form on synthetic rows of the shipped base's layout at rank 8. */
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { closeLinear, matmulTransposed } from '../../linear.ts'
import { uniform } from '../../sampling.ts'
import type { Multiply } from '../kernel.ts'
import { clusterRows, clusterScores, openClusters } from './cluster-rows.ts'
import { buildCurvature } from './curvature.ts'
import { addOuterProducts } from './fisher.ts'
import { randomProjection } from './projection.ts'
import { openRows, type RowsFile, rowLayout, writeRows } from './rows-file.ts'
import { scan } from './scan.ts'

/** Inputs and outputs of the seven linear layers of a decoder layer, of which the shipped base has eight. */
const sides = [256, 256, 256, 128, 256, 128, 256, 256, 256, 704, 256, 704, 704, 256]
const [layers, rank, width] = [8, 8, 64]
const layout = rowLayout(Array.from({ length: layers * sides.length }, () => rank * width))
const queriesEach = 8

const random = uniform(1)
const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
/** Normal numbers, of which every row is a window: drawing 5.7e9 would take longer than what is measured. */
const pool = Float32Array.from({ length: 2 ** 20 }, normal)
const syntheticRow = () => {
  const from = Math.floor(random() * (pool.length - layout.size))
  return pool.subarray(from, from + layout.size)
}

/** Of all threads of the process: where the machine is busy otherwise, the wall says little. */
const processorSeconds = async (work: () => Promise<unknown>): Promise<number> => {
  const since = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(since)
  return (user + system) / 1e6
}
const seconds = async (work: () => Promise<unknown>): Promise<number> => {
  const since = performance.now()
  await work()
  return (performance.now() - since) / 1000
}
const percentile = (values: readonly number[], share: number) =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(share * values.length))]!
/** Slope of log(time) over log(rows): 1 is linear growth. */
const growth = (rows: readonly number[], times: readonly number[]) => {
  const [x, y] = [rows.map(Math.log), times.map(Math.log)]
  const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length
  const [mx, my] = [mean(x), mean(y)]
  const across = x.reduce((sum, value, i) => sum + (value - mx) * (y[i]! - my), 0)
  return across / x.reduce((sum, value) => sum + (value - mx) ** 2, 0)
}
const print = (line: string) => process.stdout.write(`${line}\n`)
const ms = (value: number) => `${(1000 * value).toPrecision(3)} ms`

const folder = await mkdtemp(join(tmpdir(), 'projected-bench-'))
const synthetic = async (name: string, rows: number, kept = 0): Promise<RowsFile> => {
  const writer = await writeRows(join(folder, name), layout, 'synthetic', kept)
  for (let row = kept; row < rows; row++) await writer.put(row, syntheticRow())
  await writer.close()
  return openRows(join(folder, name), layout, 'synthetic', rows)
}

/** Seconds of projecting one batch of gradient rows. */
const projecting = async () => {
  const tensors = Array.from({ length: layers }, () => sides).flat()
  let offset = 0
  const parts = tensors.map((wide, i) => {
    const shape = (i % 2 === 0 ? [rank, wide] : [wide, rank]) as [number, number]
    const part = { name: i % 2 === 0 ? 't.lora_A.weight' : 't.lora_B.weight', offset, shape }
    offset += rank * wide
    return part
  })
  const projection = randomProjection(parts, (a, b, k) => matmulTransposed(a, b, k), { width })
  const rows = Float32Array.from({ length: 64 * projection.length }, (_, i) => pool[i % pool.length]!)
  await projection.apply(rows, 64)
  const time = await seconds(() => projection.apply(rows, 64))
  print(`projection of ${projection.length} to ${projection.size}: ${ms(time / 64)} a row`)
}

/** Cost of a row and of the factors, and of a query's preconditioning and clusters. */
const curvature = async () => {
  const count = 2048
  const rows = await synthetic('curvature', count)
  const multiply: Multiply = (a, b, k) => matmulTransposed(a, b, k)
  const range = [0, layout.widths.length] as const
  const sums = layout.widths.map(order => new Float32Array(order ** 2))
  const products = await processorSeconds(() => addOuterProducts(rows, 0, range, sums, multiply))
  const paths = { sums: join(folder, 'sums'), preconditioned: join(folder, 'preconditioned'), identity: 'p' }
  const all = await processorSeconds(() => buildCurvature(rows, paths, { multiply }))
  print(
    `curvature, processor time: outer products ${ms(products / count)} a row, factors, preconditioned rows and step ${((all - products) / count).toFixed(3)} s a row`,
  )
  const clustering = { count: 200, of: Uint32Array.from({ length: count }, (_, i) => i % 200) }
  await clusterRows(rows, clustering, new Float64Array(count).fill(1), join(folder, 'clusters'), 'c')
  await rows.close()
  const clusters = await openClusters(join(folder, 'clusters'), layout, 'c', 200)
  const scans: number[] = []
  for (let i = 0; i < queriesEach; i++)
    scans.push(await seconds(() => clusterScores(clusters, [syntheticRow()])))
  print(`query of 200 clusters: p50 ${ms(percentile(scans, 0.5))}, p95 ${ms(percentile(scans, 0.95))}`)
  await clusters.close()
}

try {
  const sizes = process.argv
    .slice(2)
    .map(Number)
    .toSorted((a, b) => a - b)
  if (sizes.length === 0) sizes.push(1e4, 3e4, 1e5)
  print(
    `d = ${layout.size} in ${layout.widths.length} blocks, ${layout.stride} bytes a row, ${availableParallelism()} threads`,
  )
  await projecting()
  const medians: number[] = []
  let stored = 0
  for (const size of sizes) {
    let rows: RowsFile | undefined
    const built = await seconds(async () => {
      rows = await synthetic('rows', size, stored)
    })
    const times: number[] = []
    const cpu = await processorSeconds(async () => {
      for (let i = 0; i < queriesEach; i++) times.push(await seconds(() => scan(rows!, [syntheticRow()])))
    }).then(all => all / queriesEach)
    const four = await seconds(() => scan(rows!, Array.from({ length: 4 }, syntheticRow)))
    const bytes = (await stat(join(folder, 'rows'))).size
    await rows!.close()
    const added = size - stored
    stored = size
    medians.push(percentile(times, 0.5))
    print(
      `${size} rows: ${(bytes / 1e9).toFixed(2)} GB, ${ms(built / added)} to write a row; query p50 ${ms(medians.at(-1)!)}, p95 ${ms(percentile(times, 0.95))}, ` +
        `${((1e9 * cpu) / size / layout.size).toFixed(2)} ns of processor time an element (${ms(cpu)}); four queries ${ms(four)}`,
    )
  }
  if (sizes.length > 1) print(`growth: time is proportional to rows^${growth(sizes, medians).toFixed(2)}`)
  await curvature()
} finally {
  await closeLinear()
  await rm(folder, { recursive: true, force: true })
}
