import { isDesignator } from './words.ts'

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
  /** True where the answers are the same word for word. */
  sameAnswer: boolean
  /** True where the questions are too. */
  verbatim: boolean
  /** Share of the shorter answer's word 3-grams found in the other one: wording, not content. */
  wording: number
  /** True where each question has a number or letter that the other row never mentions: type 2 and type 3. */
  conflict: boolean
}

export type Kind = 'verbatim' | 'reworded' | 'contained' | 'answer-copied'

/** Bounds on `Likeness`; each is the least that counts unless it says otherwise. */
export interface Bounds {
  /** From here on both rows ask about the same thing. */
  question: number
  /** How far under `question` the rows may still be judged by their answers, at most. */
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
  /** `answerMass` from which an answer that is the same word for word is a copy whatever is asked. */
  sameAnswerMass: number
  /** Cosine of two embeddings from which `told` is lowered by the factor `closeEase`. */
  closeCosine: number
  closeEase: number
}

/**
 * Tuned on MedQuAD (974 rows of 8 institutes) and 30 rewordings by hand: rewordings tell 0.25 to 0.85 of the same,
 * different rows about one thing under 0.35 with few exceptions; different things in one template have a `question`
 * under 0.6, and their answers, without the template, agree little.
 */
export const defaultBounds: Bounds = {
  question: 0.8,
  questionDoubt: 0.35,
  told: 0.3,
  toldForDoubt: 0.7,
  toldMass: 1.5,
  shortAnswer: 0.5,
  contained: 0.8,
  containedMass: 3,
  wording: 0.5,
  copiedAnswer: 0.85,
  copiedWording: 0.8,
  copiedMass: 12,
  sameAnswerMass: 6,
  // of the shipped embedding adapter: 10 of 17 rewordings by hand lie above (0.84 to 0.98), and of 1,454 rows' nearest rows of
  // another account 4, two of them one text (half lie under 0.76, 99 of a hundred under 0.88)
  closeCosine: 0.9,
  closeEase: 0.85,
}

/** What kind of near-duplicate the figures show, undefined for none. A close embedding (cosine) lowers the bar for rewordings. */
export function judge(l: Likeness, b: Bounds, cosine = 0): Kind | undefined {
  if (l.verbatim) return 'verbatim'
  const doubt = Math.max(0, b.question - l.question)
  // in doubt the answers have to agree beyond the template too
  const said = doubt > 0 ? Math.min(l.told, l.answer) : l.told
  if (!l.conflict && doubt <= b.questionDoubt) {
    const enough = (b.told + b.toldForDoubt * doubt) * (cosine >= b.closeCosine ? b.closeEase : 1)
    const short = l.toldMass < b.toldMass
    if (short ? doubt === 0 && l.answer >= b.shortAnswer : said >= enough) return 'reworded'
    const part = l.contained >= b.contained && l.wording >= b.wording && l.toldMass >= b.containedMass
    if (doubt === 0 && part) return 'contained'
  }
  const alike = l.answer >= b.copiedAnswer && l.wording >= b.copiedWording && l.answerMass >= b.copiedMass
  return alike || (l.sameAnswer && l.answerMass >= b.sameAnswerMass) ? 'answer-copied' : undefined
}

/** A row as it is compared: weights by stem, and what was written word for word. */
export interface Profile {
  question: ReadonlyMap<string, number>
  answer: ReadonlyMap<string, number>
  /** The answer's stems by rarity alone, template or not. */
  told: ReadonlyMap<string, number>
  answerGrams: ReadonlySet<number>
  questionText: string
  answerText: string
}

const worthSpelling = 0.15 // of `told`; under it no misspelling turns two rows into one

/** Compares two rows whose words were weighed by the same index. */
export function likeness(a: Profile, b: Profile): Likeness {
  const told = overlap(a.told, b.told, word => a.question.has(word) && b.question.has(word))
  const answers = overlap(a.answer, b.answer)
  if (jaccard(told) > worthSpelling) {
    addMisspelt(told, a.told, b.told)
    addMisspelt(answers, a.answer, b.answer)
  }
  const one = covered(a.question, b)
  const two = covered(b.question, a)
  const sameAnswer = a.answerText === b.answerText
  return {
    question: (one.share + two.share) / 2,
    asked: jaccard(overlap(a.question, b.question)),
    told: jaccard(told),
    contained: lighter(told) > 0 ? told.shared / lighter(told) : 0,
    toldMass: lighter(told),
    answer: jaccard(answers),
    answerMass: lighter(answers),
    sameAnswer,
    verbatim: sameAnswer && a.questionText === b.questionText,
    wording:
      intersection(a.answerGrams, b.answerGrams) /
      Math.max(1, Math.min(a.answerGrams.size, b.answerGrams.size)),
    conflict: one.missing.some(isDesignator) && two.missing.some(isDesignator),
  }
}

interface Overlap {
  shared: number
  massA: number
  massB: number
  onlyA: string[]
  onlyB: string[]
}

type Weights = ReadonlyMap<string, number>

/** A shared stem weighs the smaller of its two weights in the overlap and the larger in the union (Ruzicka). */
function overlap(a: Weights, b: Weights, skip: (word: string) => boolean = () => false): Overlap {
  const found: Overlap = { shared: 0, massA: 0, massB: 0, onlyA: [], onlyB: [] }
  for (const [word, weight] of a) {
    if (skip(word)) continue
    found.massA += weight
    const other = b.get(word)
    if (other === undefined) found.onlyA.push(word)
    else found.shared += Math.min(weight, other)
  }
  for (const [word, weight] of b) {
    if (skip(word)) continue
    found.massB += weight
    if (!a.has(word)) found.onlyB.push(word)
  }
  return found
}

const jaccard = (o: Overlap): number =>
  o.massA + o.massB > 0 ? o.shared / (o.massA + o.massB - o.shared) : 0
const lighter = (o: Overlap): number => Math.min(o.massA, o.massB)

/** Counts the words of `a` that stand misspelt in `b` as shared. */
function addMisspelt(found: Overlap, a: Weights, b: Weights): void {
  const left = new Set(found.onlyB)
  for (const word of found.onlyA) {
    for (const other of left) {
      if (!misspelt(word, other)) continue
      found.shared += Math.min(a.get(word) ?? 0, b.get(other) ?? 0)
      left.delete(other)
      break
    }
  }
}

/** True for two spellings of one word: one slip of the pen apart, two from nine letters on (Levenshtein). */
function misspelt(a: string, b: string): boolean {
  const allowed = Math.max(a.length, b.length) >= 9 ? 2 : 1
  if (Math.abs(a.length - b.length) > allowed || Math.min(a.length, b.length) < 4) return false
  // a slip seldom hits both ends, and this spares most of the work
  if (a[0] !== b[0] && a.at(-1) !== b.at(-1)) return false
  let before = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const now = [i]
    let least = i
    for (let j = 1; j <= b.length; j++) {
      const change = (before[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      const steps = Math.min(change, (before[j] ?? 0) + 1, (now[j - 1] ?? 0) + 1)
      now.push(steps)
      if (steps < least) least = steps
    }
    if (least > allowed) return false
    before = now
  }
  return (before[b.length] ?? 0) <= allowed
}

/** How much of a question's weight the other row mentions anywhere, and the stems it does not. */
function covered(question: Weights, other: Profile): { share: number; missing: string[] } {
  const missing: string[] = []
  let seen = 0
  let all = 0
  for (const [word, weight] of question) {
    all += weight
    if (other.question.has(word) || other.answer.has(word)) seen += weight
    else missing.push(word)
  }
  return { share: all > 0 ? seen / all : 1, missing }
}

function intersection(a: ReadonlySet<number>, b: ReadonlySet<number>): number {
  let count = 0
  for (const value of a) if (b.has(value)) count++
  return count
}
