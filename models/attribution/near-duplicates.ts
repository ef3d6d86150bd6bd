import type { Bounds, Kind, Likeness, Profile } from './likeness.ts'
import { defaultBounds, judge, likeness } from './likeness.ts'
import { isFunctionWord, stem, words } from './words.ts'

/** One question and its answer, as written. */
export interface Text {
  question: string
  answer: string
}

export interface Comparison {
  id: string
  account: string
  /** The first row of the cluster that the row belongs to. */
  cluster: string
  likeness: Likeness
}

export interface Match extends Comparison {
  kind: Kind
}

interface Row {
  id: string
  account: string
  cluster: string
  /** Question then answer: stems of content words, function words with a dash before them. */
  sequence: readonly string[]
  /** One 32-bit hash a word of the sequence. */
  hashes: Int32Array
  questionLength: number
  questionText: string
  answerText: string
  /** Its weights as they were when the index had `profiledAt` distinct rows. */
  profile?: Profile
  profiledAt?: number
}

const gramTableSize = 1 << 21 // 4 MB; at 1e5 rows of 60 words about 3 grams share a slot, which only lowers weights
const gramLength = 4
const bands = 16
const rowsPerBand = 4 // 16 bands of 4: a pair with shingle Jaccard 0.5 is met with probability 0.64, with 0.7 0.99
const shingleLength = 5
const candidateLimit = 10 // in 50 rewordings by hand the first row was always the first candidate
const postingLimit = 2_000 // a stem of more rows says too little about identity to be worth walking
const profileCache = 5_000 // rows whose weights are kept, about 6 KB each; a larger index weighs its candidates anew
const profileAge = 1.02 // growth of the index after which weights are taken anew: they move with its logarithm
const postingBudget = 6_000 // postings walked for one row, rarest stems first: bounds the time at 1e5 rows

const mix = (hash: number, value: number): number => {
  const h = Math.imul(hash ^ value, 0x9e3779b1)
  return h ^ (h >>> 15)
}

function hashOf(word: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < word.length; i++) hash = Math.imul(hash ^ word.charCodeAt(i), 0x01000193)
  return hash
}

/**
 * Finds rows that say what an earlier row says: MinHash-LSH on word 5-grams meets near-verbatim copies (Broder 1997),
 * an inverted index of rare stems meets rewordings; both are then judged by idf-weighted overlap in which text that
 * many rows share (templates) counts little. Rows of one cluster count once, so copying does not make a template.
 * Only `add` changes the index.
 */
export class NearDuplicates {
  readonly #bounds: Bounds
  readonly #frequency = new Map<string, number>()
  readonly #postings = new Map<string, number[]>()
  readonly #grams = new Uint16Array(gramTableSize)
  readonly #buckets = new Map<number, number[]>()
  readonly #places = new Map<string, number>()
  readonly #rows: Row[] = []
  #distinct = 0

  constructor(bounds: Bounds = defaultBounds) {
    this.#bounds = bounds
  }

  /** Rows added. */
  get size(): number {
    return this.#rows.length
  }

  /**
   * Adds an accepted row and returns its cluster: the id of the first row that says the same, its own id for a new one.
   * A caller that has asked `nearest` already passes the cluster it found.
   */
  add(id: string, account: string, text: Text, cluster?: string): string {
    const row = read(id, account, text)
    row.cluster = cluster ?? this.nearest(text)[0]?.cluster ?? id
    const at = this.#rows.push(row) - 1
    this.#places.set(id, at)
    for (const key of bandKeys(row)) push(this.#buckets, key, at)
    const distinct = new Set(row.sequence.filter(word => !word.startsWith('-')))
    for (const word of distinct) push(this.#postings, word, at)
    if (row.cluster !== id) return row.cluster
    this.#distinct++
    for (const word of distinct) this.#frequency.set(word, (this.#frequency.get(word) ?? 0) + 1)
    for (const gram of new Set(grams(row.hashes, gramLength))) {
      const slot = gram & (gramTableSize - 1)
      this.#grams[slot] = Math.min(65_535, (this.#grams[slot] ?? 0) + 1)
    }
    return id
  }

  /** The rows that say the same as `text`, likest first; empty where none does. Cosines of an embedding, by row id, may lower the bar. */
  nearest(text: Text, cosines?: ReadonlyMap<string, number>): Match[] {
    const found: Match[] = []
    for (const comparison of this.compare(text)) {
      const kind = judge(comparison.likeness, this.#bounds, cosines?.get(comparison.id))
      if (kind !== undefined) found.push({ ...comparison, kind })
    }
    return found.sort((a, b) => rank(b) - rank(a))
  }

  /** The figures for the likest candidates, judged or not. */
  compare(text: Text): Comparison[] {
    const row = read('', '', text)
    const profile = this.#profile(row)
    return this.#candidates(row, profile).map(at => {
      const other = this.#rows[at] as Row
      const { id, account, cluster } = other
      return { id, account, cluster, likeness: likeness(profile, this.#profileOf(other)) }
    })
  }

  /** The figures for one row of the index; undefined for an id that it does not hold. */
  likenessTo(id: string, text: Text): Likeness | undefined {
    const other = this.#rows[this.#places.get(id) ?? -1]
    return other && likeness(this.#profile(read('', '', text)), this.#profileOf(other))
  }

  /** 1 for a word of no or one row, falling with the logarithm of the number of rows that use it. */
  #rarity(word: string): number {
    const pool = this.#distinct + 20 // rows nobody has sent yet: without them the first few rows would make every word common
    return Math.log(1 + pool / ((this.#frequency.get(word) ?? 0) + 1)) / Math.log(1 + pool)
  }

  #profileOf(row: Row): Profile {
    if (row.profile !== undefined && this.#distinct <= (row.profiledAt ?? 0) * profileAge) return row.profile
    const profile = this.#profile(row)
    if (this.#rows.length <= profileCache) {
      row.profile = profile
      row.profiledAt = this.#distinct
    }
    return profile
  }

  /** Weights by stem: rarity, divided by the number of rows that share the commonest 4-gram over the word's place. */
  #profile(row: Row): Profile {
    const { sequence, hashes, questionLength } = row
    const shared = new Uint16Array(sequence.length).fill(1)
    let at = 0
    for (const gram of grams(hashes, gramLength)) {
      const count = this.#grams[gram & (gramTableSize - 1)] ?? 0
      for (let k = at; count > 1 && k < at + gramLength; k++) if (count > (shared[k] ?? 1)) shared[k] = count
      at++
    }
    const question = new Map<string, number>()
    const answer = new Map<string, number>()
    const told = new Map<string, number>()
    for (let i = 0; i < sequence.length; i++) {
      const word = sequence[i] as string
      if (word.startsWith('-')) continue
      const rarity = this.#rarity(word)
      const side = i < questionLength ? question : answer
      const weight = rarity / (shared[i] ?? 1)
      if (weight > (side.get(word) ?? 0)) side.set(word, weight)
      if (i >= questionLength) told.set(word, rarity)
    }
    const answerGrams = new Set(grams(hashes.subarray(questionLength), 3))
    return { question, answer, told, answerGrams, questionText: row.questionText, answerText: row.answerText }
  }

  #candidates(row: Row, profile: Profile): number[] {
    const votes = new Map<number, number>()
    const vote = (at: number, weight: number): void => {
      votes.set(at, (votes.get(at) ?? 0) + weight)
    }
    for (const key of bandKeys(row)) for (const at of this.#buckets.get(key) ?? []) vote(at, 1)
    const weights = new Map(profile.answer)
    for (const [word, weight] of profile.question) weights.set(word, (weights.get(word) ?? 0) + weight)
    const rarest = [...weights]
      .map(([word, weight]) => ({ weight, posting: this.#postings.get(word) ?? [] }))
      .sort((a, b) => a.posting.length - b.posting.length)
    let budget = postingBudget
    for (const { weight, posting } of rarest) {
      budget -= posting.length
      if (budget < 0) break
      for (const at of posting) vote(at, weight)
    }
    return [...votes]
      .sort((a, b) => b[1] - a[1] || a[0] - b[0])
      .slice(0, candidateLimit)
      .map(([at]) => at)
  }
}

function read(id: string, account: string, text: Text): Row {
  const question = words(text.question)
  const answer = words(text.answer)
  const sequence = [...question, ...answer].map(word => (isFunctionWord(word) ? `-${word}` : stem(word)))
  return {
    id,
    account,
    cluster: id,
    sequence,
    hashes: Int32Array.from(sequence, hashOf),
    questionLength: question.length,
    questionText: question.join(' '),
    answerText: answer.join(' '),
  }
}

function grams(hashes: Int32Array, length: number): number[] {
  const found: number[] = []
  for (let i = 0; i + length <= hashes.length; i++) {
    let hash = 0x811c9dc5
    for (let k = 0; k < length; k++) hash = mix(hash, hashes[i + k] ?? 0)
    found.push(hash >>> 0)
  }
  return found
}

function bandKeys(row: Row): number[] {
  const minima = new Uint32Array(bands * rowsPerBand).fill(0xffffffff)
  for (const gram of grams(row.hashes, Math.min(shingleLength, row.hashes.length)))
    for (let h = 0; h < minima.length; h++) {
      const value = mix(gram, Math.imul(h + 1, 0x85ebca6b)) >>> 0
      if (value < (minima[h] ?? 0)) minima[h] = value
    }
  return Array.from({ length: bands }, (_, band) => {
    let key = mix(0x1b873593, band)
    for (let k = 0; k < rowsPerBand; k++) key = mix(key, minima[band * rowsPerBand + k] ?? 0)
    return key
  })
}

function push<K>(lists: Map<K, number[]>, key: K, at: number): void {
  const list = lists.get(key)
  if (list === undefined) lists.set(key, [at])
  else if (list.length < postingLimit) list.push(at)
}

const order: readonly Kind[] = ['answer-copied', 'contained', 'reworded', 'verbatim']
const rank = ({ kind, likeness: l }: Match): number => order.indexOf(kind) * 10 + l.told + l.wording
