import { fault } from '../infra/errors.ts'

/** A question with its answer as a person sends it. */
export interface SentRow {
  question: string
  answer: string
  licence?: string
}

/**
 * Reads rows from typed or pasted text, or a file's text: JSON Lines or a JSON array with `question` and `answer`; CSV or TSV
 * with a header naming them; `question | answer` or `question<tab>answer`, a row a line; or pairs of `Q:` and `A:` lines.
 * Throws `rows-unreadable` naming the first line that is none of these.
 */
export const parseRows = (text: string): SentRow[] => {
  const clean = text
    .replace(/^\uFEFF/, '')
    .replace(/\r\n?/g, '\n')
    .trim()
  if (clean === '') throw unreadable(1, 'there is nothing in it')
  if (clean.startsWith('[')) return fromJson(clean)
  if (clean.startsWith('{'))
    return clean
      .split('\n')
      .flatMap((line, at) => (line.trim() === '' ? [] : [fromObject(parseJson(line, at + 1), at + 1)]))
  if (/^q\s*:/i.test(clean)) return fromPairs(clean)
  const separator = headerSeparator(clean)
  if (separator !== null) return fromTable(clean, separator)
  return clean.split('\n').flatMap((line, at) => (line.trim() === '' ? [] : [fromLine(line, at + 1)]))
}

const unreadable = (line: number, why: string): Error =>
  fault('rows-unreadable', `Line ${line} is not a row: ${why}.`, {
    fix: 'Write "question | answer" on one line, or send JSON Lines or CSV with the columns question and answer.',
    facts: { line },
  })

const parseJson = (text: string, line: number): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    throw unreadable(line, 'it is not valid JSON')
  }
}

const fromJson = (text: string): SentRow[] => {
  const list = parseJson(text, 1)
  if (!Array.isArray(list)) throw unreadable(1, 'the JSON is not a list')
  return list.map((item: unknown, at) => fromObject(item, at + 1))
}

const fromObject = (item: unknown, line: number): SentRow => {
  const field = (...names: string[]): string | undefined => {
    if (typeof item !== 'object' || item === null) return undefined
    const found = Object.entries(item).find(([key]) => names.includes(key.toLowerCase()))?.[1]
    return typeof found === 'string' ? found : undefined
  }
  const question = field('question', 'prompt')
  const answer = field('answer', 'completion', 'response')
  const licence = field('licence', 'license')
  if (question === undefined || answer === undefined)
    throw unreadable(line, 'it needs "question" and "answer"')
  return { question, answer, ...(licence === undefined ? {} : { licence }) }
}

const fromLine = (line: string, number: number): SentRow => {
  const separator = line.includes('\t') ? '\t' : '|'
  const at = line.indexOf(separator)
  const question = line.slice(0, at).trim()
  const answer = line.slice(at + 1).trim()
  if (at < 0 || question === '' || answer === '')
    throw unreadable(number, 'no "|" stands between a question and an answer')
  return { question, answer }
}

const fromPairs = (text: string): SentRow[] => {
  const rows: SentRow[] = []
  let part: 'question' | 'answer' | null = null
  for (const [at, line] of text.split('\n').entries()) {
    const head = /^([qa])\s*:\s*(.*)$/i.exec(line)
    const row = rows.at(-1)
    if (head?.[1]?.toLowerCase() === 'q') {
      rows.push({ question: head[2] ?? '', answer: '' })
      part = 'question'
    } else if (head !== null && row !== undefined) {
      row.answer = head[2] ?? ''
      part = 'answer'
    } else if (row !== undefined && part !== null && line.trim() !== '')
      row[part] = `${row[part]}\n${line.trim()}`.trim()
    else if (line.trim() !== '') throw unreadable(at + 1, 'it stands before the first "Q:"')
  }
  const open = rows.findIndex(({ answer }) => answer === '')
  if (open >= 0) throw unreadable(open + 1, 'a "Q:" has no "A:" after it')
  return rows
}

const headerSeparator = (text: string): ',' | '\t' | ';' | null => {
  const header = text.slice(0, text.indexOf('\n') + 1).toLowerCase()
  const names = (separator: string) =>
    header.split(separator).map(name => name.trim().replace(/^"(.*)"$/, '$1'))
  const found = ([',', '\t', ';'] as const).find(separator => {
    const columns = names(separator)
    return columns.includes('question') && columns.includes('answer')
  })
  return found ?? null
}

const fromTable = (text: string, separator: string): SentRow[] => {
  const [header = [], ...body] = records(text, separator)
  const names = header.map(name => name.trim().toLowerCase())
  return body.map((cells, at) =>
    fromObject(Object.fromEntries(names.map((name, column) => [name, cells[column]?.trim()])), at + 2),
  )
}

/** RFC 4180 records: quoted cells may hold the separator, line breaks, and doubled quotes. */
const records = (text: string, separator: string): string[][] => {
  const all: string[][] = []
  let cells: string[] = []
  let cell = ''
  let inside = false
  for (let at = 0; at <= text.length; at++) {
    const char = text[at]
    if (inside && char === '"' && text[at + 1] === '"') {
      cell += '"'
      at++
    } else if (char === '"' && (inside || cell === '')) inside = !inside
    else if (char === undefined || (!inside && (char === separator || char === '\n'))) {
      cells.push(cell)
      cell = ''
      if (char !== separator) {
        if (cells.some(value => value.trim() !== '')) all.push(cells)
        cells = []
      }
    } else cell += char
  }
  return all
}
