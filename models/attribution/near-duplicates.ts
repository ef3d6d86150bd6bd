import { isDesignator, isFunctionWord, stem, words } from './words.ts'

/** One question and its answer, as written. */
export interface Text {
  question: string
  answer: string
}

/** How alike two rows are; shares are 0..1. Words weigh by how rare they are in the datanet. */
export interface Likeness {
  /** Share of each question's weight that the other row mentions at all, mean of the two; template text weighs little. */
  question: number
  /** Weighted Jaccard of the two questions alone. */
  asked: number
  /** Weighted Jaccard of what the answers say beside the words of both questions. */
  told: number
  /** Share of the shorter answer's `told` weight found in the other one; 1 for a subset. */
  contained: number
  /** Weight of the shorter answer's `told`; a word that one row alone uses weighs about 1. */
  toldMass: number
  /** Weighted Jaccard of the whole answers, template text weighing little: what is left is this row's own. */
  answer: number
  /** Weight of the shorter answer, template text weighing little. */
  answerMass: number
  /** Share of the shorter answer's word 3-grams found in the other one: wording, not content. */
  wording: number
  /** True where each question has a number or letter that the other row never mentions: type 2 and type 3. */
  conflict: boolean
}

export type Kind = 'verbatim' | 'reworded' | 'contained' | 'answer-copied'

export interface Match {
  id: string
  account: string
  /** The first row of the match's cluster. */
  cluster: string
  kind: Kind
  likeness: Likeness
}

/** Bounds on `Likeness`; each is the least that counts. */
export interface Bounds {
  /** From here on both rows ask about the same thing. */
  question: number
  /** How far under `question` the rows may still be judged by their answers. */
  questionDoubt: number
  told: number
  /** Added to `told` for each unit that `question` falls short. */
  toldForDoubt: number
  /** Under this `toldMass` too little is told beside the question, and `answer` is held against `shortAnswer`. */
  toldMass: number
  shortAnswer: number
  contained: number
  containedMass: number
  wording: number
  copiedAnswer: number
  copiedWording: number
  copiedMass: number
}

/**
 * Tuned on MedQuAD (974 rows of 8 institutes) against 30 rewordings by hand: rewordings tell 0.30 to 0.85 of the same,
 * different rows about one thing stay under 0.35 with few exceptions, and rows of one template under 0.55 of `question`.
 */
export const defaultBounds: Bounds = {
  question: 0.8,
  questionDoubt: 0.35,
  told: 0.3,
  toldForDoubt: 0.7,
  toldMass: 1.5,
  shortAnswer: 0.6,
  contained: 0.8,
  containedMass: 3,
  wording: 0.5,
  copiedAnswer: 0.85,
  copiedWording: 0.8,
  copiedMass: 12,
}

interface Row {
  id: string
  account: string
  cluster: string
  /** Word ids of question then answer, in order; function words are negative. */
  sequence: Int32Array
  questionLength: number
  /** The folded words joined, hashed: equal for verbatim copies up to case and punctuation. */
  key: string
}

interface Profile {
  question: Map<number, number>
  answer: Map<number, number>
  /** The answer's stems by idf alone. */
  told: Map<number, number>
  answerGrams: Set<number>
}

const gramTableSize = 1 << 21 // 4 MB; at 1e5 rows of 60 words about 2 grams share a slot, which only lowers weights
const gramLength = 4
const bands = 16
const rowsPerBand = 4 // 16 bands of 4: a pair with shingle Jaccard 0.5 is met with probability 0.64, with 0.7 0.99
const shingleLength = 5
const candidateLimit = 16
const closeCosine = 0.9 // of mean-pooled states; unrelated rows of one datanet reach 0.8
const closeEase = 0.85
const postingLimit = 4_000 // a stem of more rows says too little about identity to be worth walking

const mix = (hash: number, value: number): number => {
  const h = Math.imul(hash ^ value, 0x9e3779b1)
  return h ^ (h >>> 15)
}

/**
 * Finds rows that say what an earlier row says: MinHash-LSH on word 5-grams meets near-verbatim copies (Broder 1997),
 * an inverted index of rare stems meets rewordings; both are then judged by idf-weighted overlap in which text that
 * many rows share (templates) counts little. Rows of one cluster count once, so copying does not make a template.
 * 1e5 rows of 60 words take about 0.3 GB.
 */
export class NearDuplicates {
  readonly #bounds: Bounds
  readonly #ids = new Map<string, number>()
  readonly #frequency: number[] = []
  readonly #designators: boolean[] = []
  readonly #postings = new Map<number, number[]>()
  readonly #grams = new Uint16Array(gramTableSize)
  readonly #buckets = new Map<number, number[]>()
  readonly #keys = new Map<string, number>()
  readonly #rows: Row[] = []
  #distinct = 0

  constructor(bounds: Bounds = defaultBounds) {
    this.#bounds = bounds
  }

  get size(): number {
    return this.#rows.length
  }

  /** Adds an accepted row and returns its cluster: the id of the first row that says the same, its own id for a new one. */
  add(id: string, account: string, text: Text, cluster?: string): string {
    const row = this.#read(id, account, text)
    row.cluster = cluster ?? this.nearest(text)[0]?.cluster ?? id
    const at = this.#rows.push(row) - 1
    if (!this.#keys.has(row.key)) this.#keys.set(row.key, at)
    for (const key of this.#bandKeys(row)) push(this.#buckets, key, at)
    const distinct = new Set(row.sequence.filter(word => word > 0))
    for (const word of distinct) push(this.#postings, word, at)
    if (row.cluster !== id) return row.cluster
    this.#distinct++
    for (const word of distinct) this.#frequency[word] = (this.#frequency[word] ?? 0) + 1
    for (const gram of new Set(this.#gramsOf(row.sequence, gramLength))) {
      const slot = gram & (gramTableSize - 1)
      if ((this.#grams[slot] ?? 0) < 65_535) this.#grams[slot] = (this.#grams[slot] ?? 0) + 1
    }
    return id
  }

  /** The rows that say the same as `text`, likest first; empty where none does. Optional cosines (by row id) of an embedding lower the bar. */
  nearest(text: Text, cosines?: ReadonlyMap<string, number>): Match[] {
    const row = this.#read('', '', text)
    const profile = this.#profile(row)
    const found: Match[] = []
    for (const at of this.#candidates(row, profile)) {
      const other = this.#rows[at]
      if (other === undefined) continue
      const likeness = this.#likeness(profile, other)
      const kind = this.#kind(likeness, row.key === other.key, cosines?.get(other.id))
      if (kind !== undefined)
        found.push({ id: other.id, account: other.account, cluster: other.cluster, kind, likeness })
    }
    return found.sort((a, b) => rank(b) - rank(a))
  }

  /** The figures for one row of the index; undefined for an id that it does not hold. */
  likenessTo(id: string, text: Text): Likeness | undefined {
    const other = this.#rows.find(row => row.id === id)
    return other && this.#likeness(this.#profile(this.#read('', '', text)), other)
  }

  /** The figures for the likest candidates, judged or not: for tuning bounds and for showing a person why. */
  compare(text: Text): { id: string; account: string; likeness: Likeness }[] {
    const row = this.#read('', '', text)
    const profile = this.#profile(row)
    return this.#candidates(row, profile).map(at => {
      const other = this.#rows[at] as Row
      return { id: other.id, account: other.account, likeness: this.#likeness(profile, other) }
    })
  }

  #kind(l: Likeness, sameKey: boolean, cosine: number | undefined): Kind | undefined {
    if (sameKey) return 'verbatim'
    const b = this.#bounds
    const ease = cosine !== undefined && cosine >= closeCosine ? closeEase : 1
    const doubt = Math.max(0, b.question - l.question)
    const said = doubt > 0 ? Math.min(l.told, l.answer) : l.told
    if (!l.conflict && doubt <= b.questionDoubt) {
      const enough = (b.told + b.toldForDoubt * doubt) * ease
      if (l.toldMass >= b.toldMass ? said >= enough : doubt === 0 && l.answer >= b.shortAnswer)
        return 'reworded'
      const part = l.contained >= b.contained && l.wording >= b.wording && l.toldMass >= b.containedMass
      if (doubt === 0 && part) return 'contained'
    }
    const copied = l.answer >= b.copiedAnswer && l.wording >= b.copiedWording && l.answerMass >= b.copiedMass
    return copied ? 'answer-copied' : undefined
  }

  #read(id: string, account: string, text: Text): Row {
    const question = words(text.question)
    const all = [...question, ...words(text.answer)]
    const sequence = Int32Array.from(all, word => this.#wordId(word))
    return { id, account, cluster: id, sequence, questionLength: question.length, key: all.join(' ') }
  }

  #wordId(word: string): number {
    const light = isFunctionWord(word)
    const spelling = light ? `-${word}` : stem(word)
    let id = this.#ids.get(spelling)
    if (id === undefined) {
      id = this.#ids.size + 1
      this.#ids.set(spelling, id)
      this.#designators[id] = isDesignator(word)
    }
    return light ? -id : id
  }

  *#gramsOf(sequence: Int32Array, length: number): Generator<number> {
    for (let i = 0; i + length <= sequence.length; i++) {
      let hash = 0x811c9dc5
      for (let k = 0; k < length; k++) hash = mix(hash, sequence[i + k] ?? 0)
      yield hash >>> 0
    }
  }

  #idf(word: number): number {
    return (
      Math.log(1 + (this.#distinct + 20) / ((this.#frequency[word] ?? 0) + 1)) /
      Math.log(1 + this.#distinct + 20)
    )
  }

  /** Weights by stem: idf, divided by the number of rows that share the commonest 4-gram over the word's place. */
  #profile(row: Row): Profile {
    const { sequence, questionLength } = row
    const shared = new Float64Array(sequence.length).fill(1)
    let i = 0
    for (const gram of this.#gramsOf(sequence, gramLength)) {
      const count = this.#grams[gram & (gramTableSize - 1)] ?? 0
      for (let k = i; k < i + gramLength; k++) if (count > (shared[k] ?? 1)) shared[k] = count
      i++
    }
    const question = new Map<number, number>()
    const answer = new Map<number, number>()
    const told = new Map<number, number>()
    sequence.forEach((word, at) => {
      if (word < 0) return
      const side = at < questionLength ? question : answer
      const weight = this.#idf(word) / (shared[at] ?? 1)
      if (weight > (side.get(word) ?? 0)) side.set(word, weight)
      if (at >= questionLength) told.set(word, this.#idf(word))
    })
    return {
      question,
      answer,
      told,
      answerGrams: new Set(this.#gramsOf(sequence.subarray(questionLength), 3)),
    }
  }

  #candidates(row: Row, profile: Profile): number[] {
    const votes = new Map<number, number>()
    const known = this.#keys.get(row.key)
    if (known !== undefined) votes.set(known, Number.POSITIVE_INFINITY)
    for (const key of this.#bandKeys(row))
      for (const at of this.#buckets.get(key) ?? []) votes.set(at, (votes.get(at) ?? 0) + 1)
    const weights = new Map(profile.answer)
    for (const [word, weight] of profile.question) weights.set(word, (weights.get(word) ?? 0) + weight)
    for (const [word, weight] of weights)
      for (const at of this.#postings.get(word) ?? []) votes.set(at, (votes.get(at) ?? 0) + weight)
    return [...votes]
      .sort((a, b) => b[1] - a[1] || a[0] - b[0])
      .slice(0, candidateLimit)
      .map(([at]) => at)
  }

  #bandKeys(row: Row): number[] {
    const minima = new Uint32Array(bands * rowsPerBand).fill(0xffffffff)
    const length = Math.min(shingleLength, Math.max(1, row.sequence.length))
    for (const gram of this.#gramsOf(row.sequence, length))
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

  #likeness(a: Profile, other: Row): Likeness {
    const b = this.#profile(other)
    const told = overlap(a.told, b.told, word => a.question.has(word) && b.question.has(word))
    const answers = overlap(a.answer, b.answer)
    const one = covered(a.question, b)
    const two = covered(b.question, a)
    const designated = (missing: number[]): boolean => missing.some(word => this.#designators[word] === true)
    return {
      question: (one.share + two.share) / 2,
      asked: overlap(a.question, b.question).jaccard,
      told: told.jaccard,
      contained: told.contained,
      toldMass: told.mass,
      answer: answers.jaccard,
      answerMass: answers.mass,
      wording:
        intersection(a.answerGrams, b.answerGrams) /
        Math.max(1, Math.min(a.answerGrams.size, b.answerGrams.size)),
      conflict: designated(one.missing) && designated(two.missing),
    }
  }
}

const order: readonly Kind[] = ['answer-copied', 'contained', 'reworded', 'verbatim']
const rank = (match: Match): number =>
  order.indexOf(match.kind) * 10 + match.likeness.told + match.likeness.wording

function push(buckets: Map<number, number[]>, key: number, at: number): void {
  const bucket = buckets.get(key)
  if (bucket === undefined) buckets.set(key, [at])
  else if (bucket.length < postingLimit) bucket.push(at)
}

/** A shared stem weighs the smaller of its two weights in the overlap and the larger in the union (Ruzicka). */
function overlap(
  a: Map<number, number>,
  b: Map<number, number>,
  skip: (word: number) => boolean = () => false,
): { jaccard: number; contained: number; mass: number } {
  let shared = 0
  let massA = 0
  let massB = 0
  for (const [word, weight] of a) {
    if (skip(word)) continue
    massA += weight
    shared += Math.min(weight, b.get(word) ?? 0)
  }
  for (const [word, weight] of b) if (!skip(word)) massB += weight
  const mass = Math.min(massA, massB)
  const joined = massA + massB - shared
  return { jaccard: joined > 0 ? shared / joined : 0, contained: mass > 0 ? shared / mass : 0, mass }
}

/** How much of a question's weight the other row mentions anywhere, and the stems it does not. */
function covered(question: Map<number, number>, other: Profile): { share: number; missing: number[] } {
  const missing: number[] = []
  let seen = 0
  let all = 0
  for (const [word, weight] of question) {
    all += weight
    if (other.question.has(word) || other.answer.has(word)) seen += weight
    else missing.push(word)
  }
  return { share: all > 0 ? seen / all : 1, missing }
}

function intersection(a: Set<number>, b: Set<number>): number {
  let count = 0
  for (const value of a) if (b.has(value)) count++
  return count
}
