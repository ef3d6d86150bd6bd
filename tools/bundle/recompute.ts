import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sha256Hex } from '../../infra/canonical.ts'
import { fault } from '../../infra/errors.ts'
import type { Form } from '../../models/attribution/index.ts'
import { payTable } from '../../models/attribution/pay.ts'
import { openBaseFolder } from '../../models/base.ts'
import { type Engine, openEngine } from '../../models/engine.ts'
import { shippedBase } from '../../models/resolve-base.ts'
import { readArchive } from './archive.ts'
import { type Check, groupBy } from './check.ts'
import { type BundleRecord, MANIFEST, type Records } from './format.ts'
import { parseRecords } from './parse.ts'
import {
  type Compare,
  type Comparison,
  comparisons,
  payRows,
  type Recomputed,
  withoutRows,
} from './recompute-compare.ts'
import { type AnswerEvidence, gatherEvidence, type ReleaseEvidence, readData } from './recompute-evidence.ts'
import { type Rebuilt, rebuildIndex } from './recompute-index.ts'
import { shares } from './recompute-shares.ts'

export interface RecomputedAnswer {
  readonly answer: string
  readonly comparisons: readonly Comparison[]
  /** Why not every figure could be computed anew, or null. */
  readonly partly: string | null
}

export interface Recomputation {
  /** Whether all texts and adapters are the ones that were recorded, and every figure is within its tolerance. */
  readonly ok: boolean
  readonly checks: readonly Check[]
  /** In the order in which they were drawn. */
  readonly answers: readonly RecomputedAnswer[]
  /** Answers that could have been drawn. */
  readonly measured: number
}

export interface RecomputeOptions {
  /** How many answers are drawn, or all. */
  count: number | 'all'
  /** Folder of the base model; default: the shipped one. */
  base?: string
  threads?: number
  /** Text of the auditor's choice that enters the draw. */
  seed?: string
  say?: (line: string) => void
  /** Form of the index; by default the one that its size picks, as on the node. */
  form?: Form
}

/** Hundreds of subset adapters; they are held as they are, where records take 8 times their bytes. */
const mostBytes = 2 ** 31

/**
 * Draws answers in the order of SHA-256(manifest's hash, seed, answer). Without a seed anyone gets the same draw, but an
 * operator who knows that could export until the draw suits; a seed named after the bundle was handed over rules that out.
 */
export const drawAnswers = (
  answers: readonly BundleRecord<'answers'>[],
  count: number | 'all',
  manifest: Uint8Array,
  seed: string,
): BundleRecord<'answers'>[] => {
  const root = sha256Hex(manifest)
  const measured = answers.filter(({ state, influence }) => state === 'answered' && influence !== null)
  const placed = measured.map(answer => ({ answer, place: sha256Hex(`${root}/${seed}/${answer.id}`) }))
  placed.sort((a, b) => (a.place < b.place ? -1 : 1))
  return placed.slice(0, count === 'all' ? placed.length : count).map(({ answer }) => answer)
}

/** Answers of releases whose rows are known: of an imported adapter without them nothing was attributed. */
const ofKnownRows = ({ answers, releases, snapshots }: Records): Records['answers'] => {
  const empty = new Set(snapshots.filter(({ rows }) => rows === 0).map(({ id }) => id))
  const rowless = new Set(releases.filter(({ snapshot }) => empty.has(snapshot)).map(({ id }) => id))
  return answers.filter(({ release }) => !rowless.has(release))
}

/**
 * Computes the attribution of some answers anew from a bundle with its data and a base model of one's own, and compares
 * every figure with the recorded one; how far they may differ is derived in models/attribution/tolerance.ts. Nothing of the
 * node is used. It trusts the bundle's records: verify them first. Builds an index a release, in a folder that is removed again.
 * Throws `bundle-without-data`, `base-other` where the base is not the one that the adapter was released on, the faults of
 * `readArchive`, and what the engine throws.
 */
export const recomputeAttribution = async (
  bundle: string | Uint8Array,
  { count, base = shippedBase, threads, seed = '', say = () => {}, form }: RecomputeOptions,
): Promise<Recomputation> => {
  const { files } = await readArchive(bundle, mostBytes)
  const { records } = await parseRecords(files)
  const { data, check } = await readData(files)
  const manifest = files.get(MANIFEST) ?? Buffer.alloc(0)
  const answered = ofKnownRows(records)
  const drawn = drawAnswers(answered, count, manifest, seed)
  const { answers, releases, checks } = await gatherEvidence(files, records, data, drawn)
  const all = [check, ...checks]
  const held = all.every(({ ok }) => ok)
  const measured = drawAnswers(answered, 'all', manifest, seed).length
  // What does not have its recorded hash is not what was measured: there is nothing to compare.
  if (!held || drawn.length === 0) return { ok: held, checks: all, answers: [], measured }

  await sameBase(base, releases)
  const engine = await openEngine({ base, threads })
  const folder = await mkdtemp(join(tmpdir(), 'tributary-recompute-'))
  try {
    const done = new Map<string, RecomputedAnswer>()
    for (const [id, group] of groupBy(answers, ({ release }) => release.id)) {
      const release = releases.get(id)
      if (release === undefined) continue
      for (const one of await recomputeRelease(engine, release, group, join(folder, id), say, form))
        done.set(one.answer, one)
    }
    const inOrder = drawn.flatMap(({ id }) => done.get(id) ?? [])
    const ok = inOrder.length === drawn.length && inOrder.every(one => one.comparisons.every(item => item.ok))
    return { ok, checks: all, answers: inOrder, measured }
  } finally {
    await engine.close()
    await rm(folder, { recursive: true, force: true })
  }
}

const sameBase = async (folder: string, releases: ReadonlyMap<string, ReleaseEvidence>): Promise<void> => {
  const { hash, name } = await openBaseFolder(folder)
  for (const release of releases.values())
    if (release.base !== hash)
      throw fault('base-other', `The base ${name} is not the one that the adapter was released on.`, {
        fix: `Name the folder of the base with hash ${release.base} by --base.`,
        facts: { hash, wanted: release.base },
      })
}

const recomputeRelease = async (
  engine: Engine,
  release: ReleaseEvidence,
  answers: readonly AnswerEvidence[],
  folder: string,
  say: (line: string) => void,
  form?: Form,
): Promise<RecomputedAnswer[]> => {
  let told = 0
  const questions = answers.map(({ written }) => questionOf(written))
  const onProgress = (done: number, total: number) => {
    if (done < total && done - told < total / 10) return
    told = done
    say(`gradients of the rows: ${done} of ${total}`)
  }
  const rebuilt = await rebuildIndex(engine, release, questions, folder, {
    onProgress,
    ...(form === undefined ? {} : { form }),
  })
  try {
    const list: RecomputedAnswer[] = []
    for (const [at, evidence] of answers.entries()) {
      say(`answer ${at + 1} of ${answers.length}: ${evidence.answer.id}`)
      list.push(await recomputeAnswer(engine, release, evidence, rebuilt))
    }
    return list
  } finally {
    await rebuilt.close()
  }
}

const questionOf = ({ question, text }: AnswerEvidence['written']) => ({ prompt: question, answer: text })

const recomputeAnswer = async (
  engine: Engine,
  release: ReleaseEvidence,
  evidence: AnswerEvidence,
  rebuilt: Rebuilt,
): Promise<RecomputedAnswer> => {
  const { answer, written, attributed } = evidence
  const { sequence } = rebuilt
  const { found, tolerance } = await rebuilt.attribute(questionOf(written))
  const ensemble = attributed.provisional ? null : rebuilt.ensemble
  const outcomes = ensemble === null ? null : await rebuilt.outcomes(questionOf(written))
  const table = await payTable({
    answers: [
      {
        id: answer.id,
        revenueUnits: answer.priceUnits,
        askerAccount: answer.account,
        disputed: false,
        tokens: found.tokens,
        nats: found.nats,
        influence: found.influence,
        ...(outcomes === null ? {} : { outcomes }),
      },
    ],
    rows: payRows(release.rows),
    dataShare: release.contributors * 100,
    maxGain: release.gain,
    linked: evidence.linked,
    ...(ensemble === null ? {} : { ensemble }),
  })
  const pay = table.perAnswer[0]
  if (pay === undefined) throw new Error('One answer has one pay.')
  const it: Recomputed = {
    evidence,
    release,
    config: engine.base.config,
    sequence,
    found,
    pay,
    tolerance,
    outcomes,
    ensemble,
  }
  const { wanted, partly } = comparable(it)
  return { answer: answer.id, comparisons: wanted.flatMap(compare => compare(it)), partly }
}

/** What can be compared of an answer, and why that is not everything. */
const comparable = ({
  evidence: { withdrawnSince },
}: Recomputed): { wanted: readonly Compare[]; partly: string | null } => {
  if (withdrawnSince.length === 0) return { wanted: [...comparisons, shares], partly: null }
  const rows = withdrawnSince.join(', ')
  const partly = `row ${rows} was withdrawn after it was measured, so only its losses can be compared`
  return { wanted: withoutRows, partly }
}
