import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { z } from 'zod'
import { fault } from '../../infra/errors.ts'

const contributed = z.object({
  contributor: z.string().trim().min(1).max(60),
  question: z.string(),
  answer: z.string(),
  licence: z.string().optional(),
})
const heldOut = z.object({ question: z.string().min(3), answer: z.string().min(3) })
const bad = contributed.extend({ licence: z.string(), expected: z.string() })

export type Contributed = z.infer<typeof contributed>
export type HeldOut = z.infer<typeof heldOut>
export type BadRow = z.infer<typeof bad>

export interface TourData {
  /** A model's name made from the name of the data's folder or file. */
  readonly name: string
  readonly rows: Contributed[]
  readonly evaluation: HeldOut[]
}

/** Reads JSON Lines of one shape. Throws `file-unreadable` and `line-invalid`, naming file and line. */
const readLines = async <T>(file: string, shape: z.ZodType<T>): Promise<T[]> => {
  const text = await readFile(file, 'utf8').catch(cause => {
    throw fault('file-unreadable', `The file ${file} cannot be read.`, {
      fix: 'Check the path and its permissions.',
      cause,
    })
  })
  return text.split('\n').flatMap((line, at) => {
    if (line.trim() === '') return []
    const parsed = shape.safeParse(jsonOf(line))
    if (parsed.success) return [parsed.data]
    const issue = parsed.error.issues[0]
    throw fault(
      'line-invalid',
      `Line ${at + 1} of ${file} is not usable: ${issue?.path.join('.')} ${issue?.message}.`,
      {
        fix: 'Write one JSON object a line with contributor, question and answer.',
      },
    )
  })
}

const jsonOf = (line: string): unknown => {
  try {
    return JSON.parse(line)
  } catch {
    return line
  }
}

const isFolder = async (path: string): Promise<boolean> =>
  (await stat(path).catch(() => null))?.isDirectory() === true

/** All rows of one file, or of every .jsonl file of a folder whose name begins as given, in the order of their names. */
const readAll = async <T>(
  path: string,
  shape: z.ZodType<T>,
  wanted: (file: string) => boolean,
): Promise<T[]> => {
  if (!(await isFolder(path))) return readLines(path, shape)
  const files = (await readdir(path)).filter(file => file.endsWith('.jsonl') && wanted(file)).sort()
  return (await Promise.all(files.map(file => readLines(join(path, file), shape)))).flat()
}

const nameOf = (path: string): string => {
  const plain = (text: string): string =>
    text
      .toLowerCase()
      .replace(/\.jsonl$/, '')
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^[^a-z]+|-+$/g, '')
  const own = plain(basename(path))
  const name = own === 'contributions' || own === 'data' ? plain(basename(dirname(path))) : own
  return name.length >= 3 ? name.slice(0, 30) : 'tour-model'
}

/** Reads the rows to contribute and the held-out rows from files, or from a folder such as the sample's. */
export const readTourData = async (data: string, evaluation: string): Promise<TourData> => {
  const rows = await readAll(data, contributed, file => !file.startsWith('evaluation'))
  const held = await readAll(evaluation, heldOut, file => file.startsWith('evaluation'))
  if (rows.length < 20 || held.length < 10)
    throw fault('too-few-rows', `${data} has ${rows.length} rows and ${evaluation} has ${held.length}.`, {
      fix: 'Give at least 20 rows to contribute and 10 held-out rows.',
    })
  return { name: nameOf(data), rows, evaluation: held }
}

/** Reads bad rows from a file, each with the reason that is expected. */
export const readBadRows = (file: string): Promise<BadRow[]> => readLines(file, bad)
