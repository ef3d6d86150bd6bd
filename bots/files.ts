import { Worker } from 'node:worker_threads'
import { fault } from '../infra/errors.ts'
import { type Block, markdownBlocks, rowsOfBlocks } from './files-blocks.ts'
import { openTurns } from './files-turns.ts'
import type { ReadAnswer, ReadOrder } from './files-worker.ts'
import { parseRows, type SentRow } from './rows.ts'

/** What a file of rows may be at most. */
export const fileLimits = {
  bytes: 8 * 2 ** 20,
  rows: 2_000,
  /** Milliseconds that a document may take to read; a book of 200 pages takes about 2,000. */
  milliseconds: 20_000,
  /** Memory of the thread that reads it: so many bytes of objects, and as many of unpacked data beside them. */
  memory: 256 * 2 ** 20,
  /** Documents read at the same time; the others wait their turn. */
  readers: 2,
} as const

/** File name endings that are read, in the order in which they are named to people. */
export const fileEndings = ['jsonl', 'json', 'csv', 'tsv', 'txt', 'md', 'pdf', 'docx'] as const
type Ending = (typeof fileEndings)[number]

/**
 * Reads the rows of a file that a person sent: tables and JSON as `parseRows` knows them; .md, .pdf and .docx as `Q:` and `A:`
 * pairs, a table, or headings with their answers below. The name only says the format; nothing is opened under it.
 * Throws `file-too-large`, `file-kind`, `file-not-text`, `file-refused`, `file-empty`, `file-slow`, `rows-unreadable` (line or page), `rows-too-many`.
 */
export const readRowsFile = async (name: string, bytes: Uint8Array): Promise<SentRow[]> => {
  if (bytes.byteLength > fileLimits.bytes)
    throw fault('file-too-large', `The file has ${mebibytes(bytes.byteLength)} MiB.`, {
      fix: `Send at most ${mebibytes(fileLimits.bytes)} MiB at once.`,
      facts: { bytes: bytes.byteLength },
    })
  const ending = endingOf(name, bytes)
  const rows = await rowsOf(ending, bytes)
  if (rows.length > fileLimits.rows)
    throw fault('rows-too-many', `The file has ${rows.length} rows.`, {
      fix: `Send at most ${fileLimits.rows} at once.`,
      facts: { rows: rows.length },
    })
  return rows
}

/** The rows of a file as a text that `parseRows` reads: what a surface gives a conversation that asks it for a file. */
export const rowsFileText = async (name: string, bytes: Uint8Array): Promise<string> =>
  JSON.stringify(await readRowsFile(name, bytes))

const mebibytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(1).replace('.0', '')

const endingOf = (name: string, bytes: Uint8Array): Ending => {
  const word = /\.([a-z0-9]{1,10})$/i.exec(name.trim())?.[1]?.toLowerCase() ?? ''
  const kind = ({ markdown: 'md', text: 'txt', ndjson: 'jsonl' } as Record<string, Ending>)[word] ?? word
  const wrong = (message: string, fix: string) => fault('file-kind', message, { fix })
  const known = fileEndings.find(ending => ending === kind)
  if (known === undefined)
    throw wrong(
      word === ''
        ? 'The name of the file does not say its kind.'
        : `Files of the kind .${word} are not read.`,
      word === 'doc' || word === 'odt' || word === 'rtf'
        ? 'Save it as .docx and send that.'
        : `Send one of ${fileEndings.map(ending => `.${ending}`).join(' ')}.`,
    )
  const start = Buffer.from(bytes.subarray(0, 1024)).toString('latin1')
  const looks = start.includes('%PDF-') ? 'pdf' : start.startsWith('PK\u0003\u0004') ? 'docx' : null
  if ((known === 'pdf' || known === 'docx') && looks !== known)
    throw wrong(
      `The file is not what its name says: it is no .${known}.`,
      `Save it as .${known} again, and send that.`,
    )
  return known
}

const rowsOf = async (ending: Ending, bytes: Uint8Array): Promise<SentRow[]> => {
  switch (ending) {
    case 'pdf':
    case 'docx':
      return rowsOfBlocks(await inTurn(() => readDocument({ kind: ending, bytes })))
    case 'md': {
      const text = textOf(bytes)
      return rowsOfBlocks(markdownBlocks(text))
    }
    case 'json':
      return parseRows(listOf(textOf(bytes)))
    default:
      return parseRows(textOf(bytes))
  }
}

/** UTF-8, or UTF-16 where its mark says so, as old spreadsheets write it. */
const textOf = (bytes: Uint8Array): string => {
  const notText = (cause?: unknown) =>
    fault('file-not-text', 'The file is not text in UTF-8.', {
      fix: 'Save it as UTF-8 and send it again.',
      cause,
    })
  const encoding =
    bytes[0] === 0xff && bytes[1] === 0xfe
      ? 'utf-16le'
      : bytes[0] === 0xfe && bytes[1] === 0xff
        ? 'utf-16be'
        : 'utf-8'
  try {
    const text = new TextDecoder(encoding, { fatal: true }).decode(bytes)
    if (text.includes('\u0000')) throw notText()
    return text
  } catch (error) {
    throw notText(error)
  }
}

/** A JSON file may be a list, lines of objects, or one object that holds a list, whatever its name. */
const listOf = (text: string): string => {
  if (!text.trim().startsWith('{')) return text
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return text
  }
  const lists = Object.values(value as object).filter(part => Array.isArray(part))
  return JSON.stringify(lists.length === 1 ? lists[0] : [value])
}

const inTurn = openTurns(fileLimits.readers)

/**
 * Reads a document in a thread of its own, which is ended when it takes too long or too much memory: what people send may
 * be made to hang a reader or to fill the memory, and half of a document's memory is beyond what a thread's limits count.
 */
const readDocument = (order: ReadOrder): Promise<readonly Block[]> => {
  const damaged = (cause?: unknown) =>
    fault('file-refused', `The .${order.kind} file is damaged.`, {
      fix: 'Save it again and send that, or send its text.',
      cause,
    })
  const slow = fault('file-slow', `The .${order.kind} file takes too much time or memory to read.`, {
    fix: 'Send it in parts, or send its text.',
  })
  return new Promise((resolve, reject) => {
    const thread = new Worker(new URL('./files-worker.ts', import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: fileLimits.memory / 2 ** 20, maxYoungGenerationSizeMb: 64 },
      // A library's warnings are nobody's here, and may quote the file.
      stdout: true,
      stderr: true,
    })
    const end = (settle: () => void): void => {
      clearTimeout(deadline)
      clearInterval(watch)
      settle()
      thread.terminate().catch(() => {})
    }
    const deadline = setTimeout(() => end(() => reject(slow)), fileLimits.milliseconds)
    const watch = setInterval(() => {
      thread.getHeapStatistics().then(
        ({ external_memory }) => {
          if (external_memory > fileLimits.memory) end(() => reject(slow))
        },
        () => {}, // It has not begun, or has ended.
      )
    }, 50)
    thread.once('message', (answer: ReadAnswer) =>
      end(() => {
        if ('blocks' in answer) resolve(answer.blocks)
        else if ('code' in answer) reject(fault(answer.code, answer.message, { fix: answer.fix }))
        else reject(damaged())
      }),
    )
    thread.once('error', error =>
      end(() =>
        reject(Reflect.get(error as object, 'code') === 'ERR_WORKER_OUT_OF_MEMORY' ? slow : damaged(error)),
      ),
    )
    thread.once('exit', () => end(() => reject(damaged())))
    thread.stdout.resume()
    thread.stderr.resume()
    thread.postMessage({ kind: order.kind, bytes: new Uint8Array(order.bytes) } satisfies ReadOrder)
  })
}
