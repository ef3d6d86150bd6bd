/** Two texts that belong together. */
export interface Pair {
  kind: 'medical' | 'question' | 'paragraph'
  left: string
  right: string
  /** What the texts are from: a title, a disease. Pairs that share one are no negatives of each other. */
  documents: string[]
}

/** Paragraphs and answers outside these lengths (characters) say too little, or are cut before they have said it. */
const shortest = 120
const longest = 900
const shortestQuestion = 15

const fits = (text: string): boolean => text.length >= shortest && text.length <= longest
const named = (text: string): string => text.toLowerCase().replaceAll(/\s+/g, ' ').trim()

/**
 * Two paragraphs of a document that follow one another: the pair in its middle. None where the document has no title: then
 * it is a piece of a longer text (a chapter of a novel), whose other pieces nobody could tell from other documents.
 */
export function paragraphPair(document: string): Pair | null {
  const paragraphs = document.split(/\n\s*\n/).map(paragraph => paragraph.trim())
  const title = paragraphs[0] ?? ''
  if (title.length > 100 || title.includes('\n') || !/[\p{L}\p{N})]$/u.test(title)) return null
  const starts = [...paragraphs.keys()].filter(
    at => at > 0 && fits(paragraphs[at]!) && fits(paragraphs[at + 1] ?? ''),
  )
  const at = starts[starts.length >> 1]
  if (at === undefined) return null
  return { kind: 'paragraph', left: paragraphs[at]!, right: paragraphs[at + 1]!, documents: [named(title)] }
}

/** The first question of a chat and its answer; none where the answer is too short to be found by what it says. */
export function questionPair(document: string): Pair | null {
  const found = /^User: (.+)\nAssistant: ([\s\S]+?)(?=\nUser: |$)/.exec(document)
  const [question, answer] = [found?.[1]?.trim() ?? '', found?.[2]?.trim() ?? '']
  if (question.length < shortestQuestion || question.length > longest || !fits(answer)) return null
  return { kind: 'question', left: question, right: answer, documents: [named(question)] }
}

/** A row of MedQuAD; its document is the disease that it is about. */
export function medicalPair(row: { focus: string; question: string; answer: string }): Pair {
  return { kind: 'medical', left: row.question, right: row.answer, documents: [named(row.focus)] }
}

/** At most `count` items at equal distances, so that all parts of a list are seen and no chance is needed. */
export function spread<T>(items: readonly T[], count: number): T[] {
  if (items.length <= count) return [...items]
  return Array.from({ length: count }, (_, i) => items[Math.floor((i * items.length) / count)]!)
}

/** The pairs that share neither a document nor a text with `others`. */
export function apartFrom(pairs: readonly Pair[], others: readonly Pair[]): Pair[] {
  const keys = ({ left, right, documents }: Pair): string[] => [...documents, named(left), named(right)]
  const taken = new Set(others.flatMap(keys))
  return pairs.filter(pair => !keys(pair).some(key => taken.has(key)))
}
