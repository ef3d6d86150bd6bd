/** One word of a command line. */
export interface Word {
  /** The word without its quotes. */
  readonly text: string
  /** Where it begins in the line. */
  readonly start: number
  readonly quoted: boolean
  /** The part before `=` where the word reads `name=value`. */
  readonly name: string | undefined
  /** The part after `=`, or the whole word. */
  readonly value: string
  readonly valueStart: number
}

const closing: Readonly<Record<string, string>> = { '"': '"', "'": "'", '“': '”' }
const namePattern = /^[A-Za-z][A-Za-z0-9]*=/

/**
 * Splits a line into words. A quote opens only where a word or a value begins and only if it closes at the end of a
 * word, so that an apostrophe stays one; a backslash keeps the next quote as it is.
 */
export const wordsOf = (line: string): Word[] => {
  const words: Word[] = []
  let at = 0
  while (at < line.length) {
    if (/\s/.test(line[at]!)) {
      at++
      continue
    }
    const start = at
    const name = namePattern.exec(line.slice(at))?.[0].slice(0, -1)
    const valueStart = name === undefined ? at : at + name.length + 1
    const end = quoteEnd(line, valueStart)
    if (end === null) {
      while (at < line.length && !/\s/.test(line[at]!)) at++
      const text = line.slice(start, at)
      words.push({ text, start, quoted: false, name, value: line.slice(valueStart, at), valueStart })
    } else {
      const value = line.slice(valueStart + 1, end).replace(/\\(["'”\\])/g, '$1')
      words.push({
        text: name === undefined ? value : `${name}=${value}`,
        start,
        quoted: true,
        name,
        value,
        valueStart,
      })
      at = end + 1
    }
  }
  return words
}

/** Where the quoted value that begins at `start` ends; null where none begins. */
const quoteEnd = (line: string, start: number): number | null => {
  const close = closing[line[start] ?? '']
  if (close === undefined) return null
  for (let at = start + 1; at < line.length; at++) {
    if (line[at] === '\\') at++
    else if (line[at] === close && (at + 1 === line.length || /\s/.test(line[at + 1]!))) return at
  }
  return null
}
