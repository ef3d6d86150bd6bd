import type { Text } from '../../models/attribution/near-duplicates.ts'
import { NearDuplicates } from '../../models/attribution/near-duplicates.ts'
import { contentStems, words } from '../../models/attribution/words.ts'
import type { CheckPolicy, Row } from './check.ts'
import { commonStems } from './common-words.ts'

/** What the checks may know of a datanet: the rows accepted so far and the rows held out, indexed. */
export interface DatanetView {
  /** Accepted rows. */
  readonly rows: number
  readonly nearDuplicates: NearDuplicates
  readonly heldOut: NearDuplicates
  readonly heldOutRuns: { closest(text: string): { owner: number; share: number } }
  /** True where the purpose or an accepted row uses the stem. */
  uses(stem: string): boolean
  /** True where the purpose or at least three accepted rows use the stem: it belongs to the subject. */
  speaksOf(stem: string): boolean
  /** 0..1: how much of a text's rare-word weight the datanet's purpose and rows share. */
  likenessToSubject(text: string): number
  /** Embedding cosines to earlier rows by row id, where the engine has them. */
  readonly cosines?: (row: Row) => ReadonlyMap<string, number>
}

export interface DatanetViewOptions {
  /** The proposal's purpose and the data wanted, in words. */
  purpose: string
  /** Example rows of the proposal. */
  seeds?: readonly Text[]
  /** Rows of the evaluation, never trained on. */
  heldOut?: readonly Text[]
  policy: CheckPolicy
  cosines?: (row: Row) => ReadonlyMap<string, number>
}

/** Word runs of the held-out answers that only one of them has: a run of several is a template and proves nothing. */
class HeldOutRuns {
  readonly #length: number
  readonly #owners = new Map<string, number>()

  constructor(length: number, texts: readonly Text[]) {
    this.#length = length
    texts.forEach((text, owner) => {
      for (const run of this.#runs(text.answer)) {
        const known = this.#owners.get(run)
        this.#owners.set(run, known === undefined || known === owner ? owner : -1)
      }
    })
  }

  /** The held-out row with which the text shares most words in such runs, and their share of the text, 0..1. */
  closest(text: string): { owner: number; share: number } {
    const count = words(text).length
    const covered = new Map<number, Uint8Array>()
    this.#runs(text).forEach((run, at) => {
      const owner = this.#owners.get(run) ?? -1
      if (owner < 0) return
      const marks = covered.get(owner) ?? new Uint8Array(count)
      covered.set(owner, marks.fill(1, at, at + this.#length))
    })
    let closest = { owner: -1, share: 0 }
    for (const [owner, marks] of covered) {
      const share = marks.reduce((sum, one) => sum + one, 0) / count
      if (share > closest.share) closest = { owner, share }
    }
    return closest
  }

  #runs(text: string): string[] {
    const list = words(text)
    const runs: string[] = []
    for (let i = 0; i + this.#length <= list.length; i++) runs.push(list.slice(i, i + this.#length).join(' '))
    return runs
  }
}

/** The view that grows with every accepted row. Adding the same rows in the same order gives the same view. */
export class Datanet implements DatanetView {
  readonly nearDuplicates: NearDuplicates
  readonly heldOut: NearDuplicates
  readonly heldOutRuns: HeldOutRuns
  readonly cosines?: (row: Row) => ReadonlyMap<string, number>
  readonly #counts = new Map<string, number>()
  readonly #subject: ReadonlySet<string>

  constructor(options: DatanetViewOptions) {
    const { policy } = options
    this.nearDuplicates = new NearDuplicates(policy.duplicate)
    this.heldOut = new NearDuplicates(policy.contamination)
    options.heldOut?.forEach((text, i) => {
      this.heldOut.add(String(i), '', text, String(i))
    })
    this.heldOutRuns = new HeldOutRuns(policy.contaminationWords, options.heldOut ?? [])
    const seeds = options.seeds ?? []
    this.#subject = new Set(
      contentStems([options.purpose, ...seeds.flatMap(s => [s.question, s.answer])].join('\n')),
    )
    if (options.cosines !== undefined) this.cosines = options.cosines
  }

  get rows(): number {
    return this.nearDuplicates.size
  }

  /** Adds an accepted row; returns the id of its cluster's first row. Who knows the cluster from `duplicate` passes it and saves a search. */
  add(row: Pick<Row, 'id' | 'account' | 'question' | 'answer'>, cluster?: string): string {
    for (const stem of new Set(contentStems(`${row.question}\n${row.answer}`)))
      this.#counts.set(stem, (this.#counts.get(stem) ?? 0) + 1)
    return this.nearDuplicates.add(row.id, row.account, row, cluster)
  }

  uses(stem: string): boolean {
    return this.#subject.has(stem) || this.#counts.has(stem)
  }

  speaksOf(stem: string): boolean {
    return this.#subject.has(stem) || (this.#counts.get(stem) ?? 0) >= 3
  }

  likenessToSubject(text: string): number {
    let shared = 0
    let weight = 0
    for (const stem of new Set(contentStems(text))) {
      // everyday words occur in every subject, so they say little about one
      const one = commonStems.has(stem) ? 0.15 : 1
      weight += one
      // a word of one row may be that row's own straying; three rows make it a word of the subject
      shared += one * (this.#subject.has(stem) ? 1 : Math.min(1, (this.#counts.get(stem) ?? 0) / 3))
    }
    return weight > 0 ? shared / weight : 1
  }
}
