import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { canonicalJson, sha256Hex } from '../../infra/canonical.ts'
import type { EnsembleRecord } from '../../models/attribution/ensemble.ts'
import type { Engine } from '../../models/engine.ts'
import { calibrate } from '../calibrate.ts'
import { exportBundle } from '../export.ts'
import { readArchive } from './archive.ts'
import { calibrationFile, weightsFile } from './data-format.ts'
import {
  type Recomputation,
  type RecomputedAnswer,
  type RecomputeOptions,
  recomputeAttribution,
} from './recompute.ts'
import { modelActs, openSampleModel, sampleBase } from './sample-model.ts'
import { openSampleNetwork, type SampleNetwork } from './sample-network.ts'
import { type ModelActs, playSampleStory } from './sample-story.ts'
import { type DataDraft, forgeMeasured, forgeOutcomes, tamperData } from './tamper-data.ts'
import { verifyBundle } from './verify.ts'

let engine: Engine
let sample: SampleNetwork
let plain: Buffer
let bundle: Buffer
let honest: Recomputation
let record: EnsembleRecord
let recordHash: string
/** Answers that were measured after a row was withdrawn: one that pays, and one that abstains. */
let paying: string
let abstaining: string

const recompute = (bytes: Uint8Array, options: Partial<RecomputeOptions> = {}) =>
  recomputeAttribution(bytes, { count: 'all', base: sampleBase, threads: 1, ...options })

/** Calibrates the release before its first answer is attributed. */
const acts: ModelActs = {
  ...modelActs,
  attribute: async (played, rows) => {
    const [release] = await played.network.db.query<{ id: string }>('select id from releases')
    await played.as('attributor')(calibrate, {
      releaseId: release?.id ?? '',
      adapters: 16,
      epochs: 10,
      products: 'float32',
    })
    await modelActs.attribute(played, rows)
  },
}

beforeAll(async () => {
  engine = await openSampleModel()
  sample = await openSampleNetwork(engine)
  plain = readFileSync(await playSampleStory(sample, acts))
  await modelActs.attribute(sample, 12)
  const file = join(sample.network.folder, 'exports', 'data.tar')
  await sample.as('operator')(exportBundle, { file, data: true })
  bundle = readFileSync(file)
  const { files } = await readArchive(bundle)
  recordHash = JSON.parse(files.get('calibrations.jsonl')?.toString('utf8') ?? '').record
  record = JSON.parse(files.get(calibrationFile(recordHash))?.toString('utf8') ?? '')
  honest = await recompute(bundle)
  const whole = honest.answers.filter(({ partly }) => partly === null)
  const pays = ({ comparisons }: RecomputedAnswer) =>
    comparisons.some(({ figure }) => /^low end/.test(figure))
  paying = whole.find(pays)?.answer ?? ''
  abstaining = whole.find(item => !pays(item))?.answer ?? ''
}, 120_000)
afterAll(async () => {
  await sample?.remove()
  await engine?.close()
})

const failed = ({ answers }: Recomputation): string[] =>
  answers.flatMap(({ answer, comparisons }) =>
    comparisons.filter(({ ok }) => !ok).map(({ figure }) => `${answer} ${figure}`),
  )
const figuresOf = (result: Recomputation, answer: string): string[] =>
  result.answers.find(item => item.answer === answer)?.comparisons.map(({ figure }) => figure) ?? []

describe('the attribution of a calibrated release', () => {
  test('comes out as recorded: outcomes, shares and their intervals', () => {
    expect(honest.checks.filter(({ ok }) => !ok)).toEqual([])
    expect(failed(honest)).toEqual([])
    expect(honest.ok).toBe(true)
    const figures = figuresOf(honest, paying)
    expect(figures).toContainEqual(expect.stringMatching(/^nats under subset adapter \d+, furthest of 16$/))
    for (const start of ['share of', 'low end', 'high end'])
      expect(figures.filter(figure => figure.startsWith(start))).toHaveLength(2)
    for (const { comparisons } of honest.answers)
      expect(comparisons.find(({ figure }) => /^provisional/.test(figure))).toMatchObject({
        recorded: 0,
        recomputed: 0,
      })
  })

  test('allows shares a small part of what they are', () => {
    const { comparisons = [] } = honest.answers.find(({ answer }) => answer === paying) ?? {}
    for (const { recorded, tolerance } of comparisons.filter(({ figure }) => /^share of/.test(figure))) {
      expect(tolerance).toBeGreaterThan(0)
      expect(tolerance).toBeLessThan(recorded / 4)
    }
  })

  test('of rows withdrawn since is compared in its losses and outcomes', () => {
    const partly = honest.answers.filter(item => item.partly !== null)
    expect(partly).toHaveLength(3)
    for (const { comparisons } of partly)
      expect(comparisons.map(({ figure }) => figure)).toContainEqual(expect.stringMatching(/^nats under/))
  })

  test('in another form than it was measured in is not as recorded', async () => {
    const wrong = failed(await recompute(bundle, { form: 'projected' }))
    expect(wrong).toContain(`${paying} influence of all 12 rows, sum`)
  })
})

describe('what was not measured is named:', () => {
  test('an outcome, a share, an end of its interval, a passage, and an answer called provisional', async () => {
    const [first, second] = honest.answers.filter(item => item.partly !== null).map(({ answer }) => answer)
    let account = ''
    const bytes = await tamperData(bundle, draft => {
      forgeOutcomes(draft, first ?? '', outcomes => {
        outcomes[3] = outcomes[3]! + 0.02
      })
      forgeMeasured(draft, second ?? '', payload => {
        payload.provisional = true
        payload.outcomes = null
      })
      forgeMeasured(draft, paying, payload => {
        const shares = payload.shares as { account: string; share: number; low: number }[]
        account = shares[0]!.account
        shares[0]!.share += 0.002
        shares[0]!.low += 0.002
      })
      forgeMeasured(draft, abstaining, payload => {
        payload.spans = [...(payload.spans as object[]), { start: 0, end: 1, row: 0, lift: 0 }]
        payload.abstained = null
        payload.tokens = 1
      })
    })
    const result = await recompute(bytes)
    expect(result.checks.filter(({ ok }) => !ok)).toEqual([])
    const wrong = failed(result)
    expect(wrong.toSorted()).toEqual(
      [
        `${first} nats under subset adapter 3`,
        `${second} provisional, 1 if it is`,
        `${paying} share of ${account}`,
        `${paying} low end of the share of ${account}`,
        `${abstaining} passages`,
        `${abstaining} tokens`,
        `${abstaining} nats from paying to abstaining, which one of the two did`,
      ].toSorted(),
    )
  })

  test('intervals by another widening than the subsets give, forged in record and ledger alike', async () => {
    const bytes = await tamperData(bundle, draft => replaceRecord(draft, { ...record, widening: 0 }, true))
    const wrong = failed(await recompute(bytes))
    expect(wrong.filter(what => /(low|high) end/.test(what)).length).toBeGreaterThan(0)
    expect(wrong.every(what => /(low|high) end/.test(what))).toBe(true)
  })
})

/** Puts another record in the place of the released one, in the ledger too where asked. */
const replaceRecord = (draft: DataDraft, changed: EnsembleRecord, ledger: boolean): void => {
  const bytes = Buffer.from(canonicalJson(changed))
  const hash = sha256Hex(bytes)
  draft.files.set(calibrationFile(hash), bytes)
  draft.lines('calibrations.jsonl', line => {
    line.record = hash
  })
  if (ledger)
    draft.lines('events.jsonl', event => {
      if (event.kind === 'release.calibrated')
        event.payload = { record: hash, adapters: changed.adapters, widening: changed.widening }
    })
}

describe('a calibration that is not the recorded one is named before anything is computed:', () => {
  const details = async (change: (draft: DataDraft) => void): Promise<string> => {
    const result = await recompute(await tamperData(bundle, change))
    expect(result).toMatchObject({ ok: false, answers: [] })
    return result.checks
      .filter(({ ok }) => !ok)
      .map(({ detail }) => detail)
      .join('; ')
  }
  /** Flips a bit near the end of a file. */
  const flip = (draft: DataDraft, name: string): void => {
    const bytes = Buffer.from(draft.files.get(name) ?? [])
    bytes[bytes.length - 9]! ^= 1
    draft.files.set(name, bytes)
  }

  test('a byte of the record, another record, and one that is held back', async () => {
    expect(await details(draft => flip(draft, calibrationFile(recordHash)))).toMatch(
      /the calibration of the release \S+ has another hash/,
    )
    const widened = { ...record, widening: record.widening / 2 }
    expect(await details(draft => replaceRecord(draft, widened, false))).toMatch(
      /the ledger names another record as the calibration of the release \S+/,
    )
    expect(await details(draft => draft.files.delete(calibrationFile(recordHash)))).toMatch(
      /the calibration of the release \S+ is missing/,
    )
  })

  test('a record whose subsets do not fit its adapters, though ledger and record agree', async () => {
    const detail = await details(draft =>
      replaceRecord(draft, { ...record, subsets: record.subsets.slice(1) }, true),
    )
    expect(detail).toMatch(/the calibration of the release \S+ does not fit together/)
  })

  test('a byte of a subset adapter, and one that is held back', async () => {
    const [first, second] = record.adapters
    const detail = await details(draft => {
      flip(draft, weightsFile(first ?? ''))
      draft.files.delete(weightsFile(second ?? ''))
    })
    expect(detail).toContain(`the bytes of the subset adapter ${first} have another hash`)
    expect(detail).toContain(`the subset adapter ${second} is missing`)
  })

  test('outcomes under a hash that is not theirs, and records that say other than the ledger', async () => {
    const detail = await details(draft => {
      for (const name of draft.files.keys()) if (name.startsWith('outcomes/')) flip(draft, name)
      draft.lines('questions.jsonl', line => {
        ;(line.attribution as { gain: number }).gain += 0.1
      })
    })
    expect(detail).toMatch(/the outcomes of the answer \S+ have another hash/)
    expect(detail).toMatch(/the ledger says other of the answer \S+ than the records/)
  })
})

describe('a bundle', () => {
  test('with its data takes the calibration along, and one without it none of it', async () => {
    const { files } = await readArchive(bundle)
    const names = [...files.keys()]
    expect(record.adapters.filter(hash => files.has(weightsFile(hash)))).toHaveLength(16)
    expect(names.filter(name => name.startsWith('outcomes/'))).toHaveLength(5)
    expect((await verifyBundle(bundle)).checks.filter(({ ok }) => !ok)).toEqual([])
    const without = [...(await readArchive(plain)).files.keys()]
    expect(without.filter(name => /^(adapters|outcomes|calibrations|influence)/.test(name))).toEqual([])
  })
})
