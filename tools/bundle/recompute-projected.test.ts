import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { BuildOptions } from '../../models/attribution/index.ts'
import type { Engine } from '../../models/engine.ts'
import { exportBundle } from '../export.ts'
import { type Recomputation, recomputeAttribution } from './recompute.ts'
import { modelActs, openSampleModel, sampleBase } from './sample-model.ts'
import { openSampleNetwork, type SampleNetwork } from './sample-network.ts'
import { playSampleStory } from './sample-story.ts'
import { forgeInfluence, forgeMeasured, tamperData } from './tamper-data.ts'

// The sample is so small that a node would keep its gradients whole.
vi.mock('../../models/attribution/index.ts', async original => {
  const actual = await original<typeof import('../../models/attribution/index.ts')>()
  const buildIndex: typeof actual.buildIndex = (engine, adapter, examples, folder, options?: BuildOptions) =>
    actual.buildIndex(engine, adapter, examples, folder, { ...options, form: 'projected' })
  const openIndex = actual.openIndex
  return { ...actual, buildIndex, openIndex }
})

let engine: Engine
let sample: SampleNetwork
let bundle: Buffer
let honest: Recomputation
let paying: string

const recompute = (bytes: Uint8Array, threads = 1) =>
  recomputeAttribution(bytes, { count: 'all', base: sampleBase, threads })
const failed = ({ answers }: Recomputation): string[] =>
  answers.flatMap(({ answer, comparisons }) =>
    comparisons.filter(({ ok }) => !ok).map(({ figure }) => `${answer} ${figure}`),
  )

beforeAll(async () => {
  engine = await openSampleModel()
  sample = await openSampleNetwork(engine)
  readFileSync(await playSampleStory(sample, modelActs))
  await modelActs.attribute(sample, 12)
  const file = join(sample.network.folder, 'exports', 'data.tar')
  await sample.as('operator')(exportBundle, { file, data: true })
  bundle = readFileSync(file)
  honest = await recompute(bundle, 2)
  paying =
    honest.answers.find(item => item.comparisons.some(({ figure }) => /^share/.test(figure)))?.answer ?? ''
}, 120_000)
afterAll(async () => {
  await sample?.remove()
  await engine?.close()
})

test('attribution by projected gradients comes out as recorded, every figure of it', () => {
  expect(failed(honest)).toEqual([])
  expect(honest.ok).toBe(true)
  expect(honest.answers.filter(({ partly }) => partly === null)).toHaveLength(2)
  const { comparisons = [] } = honest.answers.find(({ answer }) => answer === paying) ?? {}
  const figures = comparisons.map(({ figure }) => figure)
  expect(figures).toContain('influence of all 12 rows, sum')
  expect(figures.filter(figure => figure.startsWith('share of '))).toHaveLength(2)
})

test('a forged share and a forged row of projected gradients are named', async () => {
  let account = ''
  const bytes = await tamperData(bundle, draft => {
    forgeInfluence(draft, paying, influence => {
      influence[4] = influence[4]! + 0.1
    })
    forgeMeasured(draft, paying, payload => {
      const shares = payload.shares as { account: string; share: number }[]
      account = shares[1]!.account
      shares[1]!.share += 0.02
    })
  })
  expect(failed(await recompute(bytes))).toEqual([
    `${paying} influence of row 4`,
    `${paying} influence of all 12 rows, sum`,
    `${paying} share of ${account}`,
  ])
})
