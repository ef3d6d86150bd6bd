import { parse } from 'csv-parse/sync'
import { fault } from '../../infra/errors.ts'

/** A question with its answer as it stood in a file. */
export interface DatasetRow {
  question: string
  answer: string
  licence?: string
}

/** What a file holds: its rows, and the lines that are none, each with the reason. Lines of a JSON list are its items. */
export interface Dataset {
  readonly rows: readonly (DatasetRow & { readonly line: number })[]
  readonly unread: readonly { readonly line: number; readonly why: string }[]
}

/** Column names of the question and its answer, in pairs as datasets commonly have them. */
const pairs = [
  ['question', 'answer'],
  ['prompt', 'completion'],
  ['prompt', 'response'],
  ['instruction', 'output'],
  ['instruction', 'response'],
  ['input', 'output'],
  ['query', 'response'],
] as const

const named = pairs.map(pair => pair.join('/')).join(', ')

/**
 * Reads a dataset: JSON Lines, a JSON list, or CSV and TSV with a header. Columns are question/answer, prompt/completion,
 * instruction/output (an `input` beside it follows the instruction), or `messages` of a chat, whose first question and
 * answer count. Throws `dataset-unreadable` where no row can be read at all.
 */
export const readDataset = (text: string): Dataset => {
  const clean = text.replace(/^\uFEFF/, '').replace(/\r\n?/g, '\n')
  const start = clean.trimStart()
  if (start === '') throw unreadable('it is empty')
  const items = start.startsWith('[')
    ? fromList(start)
    : start.startsWith('{')
      ? fromLines(clean)
      : fromTable(clean)
  const rows: Dataset['rows'][number][] = []
  const unread: { line: number; why: string }[] = []
  for (const { line, value, why } of items) {
    const row = why ?? rowOf(value)
    if (typeof row === 'string') unread.push({ line, why: row })
    else rows.push({ ...row, line })
  }
  if (rows.length === 0)
    throw unreadable(`line ${unread[0]?.line ?? 1}: ${unread[0]?.why ?? 'it has no rows'}`)
  return { rows, unread }
}

const unreadable = (why: string, cause?: unknown): Error =>
  fault('dataset-unreadable', `The dataset cannot be read: ${why}.`, {
    fix: `Use JSON Lines or CSV with columns ${named}, or messages.`,
    cause,
  })

interface Item {
  readonly line: number
  readonly value?: unknown
  readonly why?: string
}

const fromLines = (text: string): Item[] =>
  text.split('\n').flatMap((piece, at): Item[] => {
    if (piece.trim() === '') return []
    try {
      return [{ line: at + 1, value: JSON.parse(piece) }]
    } catch {
      return [{ line: at + 1, why: 'it is not JSON' }]
    }
  })

const fromList = (text: string): Item[] => {
  try {
    const list: unknown = JSON.parse(text)
    if (Array.isArray(list)) return list.map((value, at) => ({ line: at + 1, value }))
  } catch (cause) {
    throw unreadable('it is not JSON', cause)
  }
  throw unreadable('the JSON is not a list')
}

const fromTable = (text: string): Item[] => {
  const header = text.slice(0, text.indexOf('\n') + 1)
  const delimiter = [',', '\t', ';'].find(
    one => columnsOf(header.toLowerCase().split(one).map(bare)) !== null,
  )
  if (delimiter === undefined) throw unreadable('its first line names no columns of a question and an answer')
  try {
    const records = parse(text, {
      delimiter,
      columns: names => names.map(bare),
      info: true,
      relax_column_count: true,
      skip_empty_lines: true,
    }) as unknown as { info: { lines: number }; record: unknown }[]
    return records.map(({ info, record }) => ({ line: info.lines, value: record }))
  } catch (cause) {
    throw unreadable(cause instanceof Error ? cause.message.split('\n')[0]! : 'it is not CSV', cause)
  }
}

const bare = (name: string): string =>
  name
    .trim()
    .replace(/^"(.*)"$/, '$1')
    .toLowerCase()

const columnsOf = (names: readonly string[]): (typeof pairs)[number] | null =>
  pairs.find(pair => pair.every(name => names.includes(name))) ?? null

/** The row of one item, or why it is none. */
const rowOf = (value: unknown): DatasetRow | string => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'it is not an object'
  const fields = new Map(
    Object.entries(value).map(([name, content]) => [name.toLowerCase(), content as unknown]),
  )
  const licence = fields.get('licence') ?? fields.get('license')
  const licensed = (row: DatasetRow): DatasetRow =>
    typeof licence === 'string' && licence.trim() !== '' ? { ...row, licence: licence.trim() } : row
  if (fields.has('messages')) {
    const row = ofMessages(fields.get('messages'))
    return typeof row === 'string' ? row : licensed(row)
  }
  const pair = columnsOf([...fields.keys()])
  if (pair === null) return `it needs ${named}, or messages`
  const [question, answer] = pair.map(name => fields.get(name))
  if (typeof question !== 'string' || typeof answer !== 'string')
    return `"${pair.join('" and "')}" are not both text`
  const input = pair[0] === 'instruction' ? fields.get('input') : undefined
  const whole = typeof input === 'string' && input.trim() !== '' ? `${question}\n${input}` : question
  return licensed({ question: whole.trim(), answer: answer.trim() })
}

const ofMessages = (messages: unknown): DatasetRow | string => {
  if (!Array.isArray(messages)) return '"messages" is not a list'
  const said = messages.map(message => ({
    role: Reflect.get(Object(message), 'role') as unknown,
    content: Reflect.get(Object(message), 'content') as unknown,
  }))
  const asked = said.findIndex(({ role }) => role === 'user')
  const answered = said.findIndex(({ role }, at) => at > asked && role === 'assistant')
  const [question, answer] = [said[asked]?.content, said[answered]?.content]
  if (asked < 0 || answered < 0 || typeof question !== 'string' || typeof answer !== 'string')
    return 'its messages hold no question of a user with an answer of an assistant in text'
  return { question: question.trim(), answer: answer.trim() }
}
