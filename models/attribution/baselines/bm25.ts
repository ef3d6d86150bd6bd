import type { Example } from '../../engine.ts'
import type { Method } from '../judge/method.ts'
import { contentStems } from '../words.ts'

/** Saturation of a term's count and strength of the length's correction, as usual where nothing is tuned. */
const k1 = 1.2
const b = 0.75

/**
 * BM25 (Robertson & Zaragoza 2009) of question and answer against question and answer of the row, over stems of content
 * words. A term that the question has twice counts twice. One is added inside the logarithm of the inverse document
 * frequency, which is else negative for terms that most rows have.
 */
export const bm25 = (rows: readonly Example[]): Method => {
  const score = bm25Over(rows.map(termsOf))
  return {
    name: 'BM25',
    source: 'Robertson & Zaragoza 2009',
    scores: async questions => questions.map(question => score(termsOf(question))),
  }
}

const termsOf = ({ prompt, answer }: Example): string[] => contentStems(`${prompt}\n${answer}`)

interface Posting {
  document: number
  count: number
}

/** Scores every document, given as its terms, for a query given as its terms. */
export const bm25Over = (
  documents: readonly (readonly string[])[],
): ((query: readonly string[]) => Float64Array) => {
  const postings = new Map<string, Posting[]>()
  for (const [document, terms] of documents.entries())
    for (const [term, count] of countsOf(terms)) {
      const known = postings.get(term)
      if (known) known.push({ document, count })
      else postings.set(term, [{ document, count }])
    }
  const total = documents.reduce((sum, terms) => sum + terms.length, 0)
  const meanLength = total / Math.max(1, documents.length)
  return query => {
    const out = new Float64Array(documents.length)
    for (const [term, asked] of countsOf(query)) {
      const found = postings.get(term) ?? []
      const rarity = Math.log(1 + (documents.length - found.length + 0.5) / (found.length + 0.5))
      for (const { document, count } of found) {
        const norm = 1 - b + (b * documents[document]!.length) / meanLength
        out[document] = out[document]! + (asked * rarity * count * (k1 + 1)) / (count + k1 * norm)
      }
    }
    return out
  }
}

const countsOf = (terms: readonly string[]): Map<string, number> => {
  const counts = new Map<string, number>()
  for (const term of terms) counts.set(term, (counts.get(term) ?? 0) + 1)
  return counts
}
