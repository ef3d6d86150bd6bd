import type { z } from 'zod'
import { type Check, examine } from './check.ts'
import { fileOf, type RecordName, type Records, recordNames, recordSchemas } from './format.ts'

/** The longest line is a contract's creation: 0.1 MB. */
const LONGEST_LINE = 4 << 20
/** A file with this many unreadable lines is not read further: a gigabyte of empty lines would take half an hour to name. */
const MOST_UNREADABLE = 100
const NEW_LINE = 10

export function* linesOf(bytes: Buffer): Generator<Buffer> {
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf(NEW_LINE, start)
    yield bytes.subarray(start, end === -1 ? bytes.length : end)
    if (end === -1) return
    start = end + 1
  }
}

const describe = (error: z.core.$ZodError): string => {
  const [issue] = error.issues
  return `${issue?.path.join('.') || 'line'}: ${issue?.message ?? 'unreadable'}`
}

/** Reads one line by its schema, or says what is wrong with it. */
export const readLine = <S extends z.ZodType>(
  schema: S,
  line: Buffer,
): { value: z.output<S> } | { reason: string } => {
  if (line.length > LONGEST_LINE) return { reason: `it has ${line.length} bytes` }
  let json: unknown
  try {
    json = JSON.parse(line.toString('utf8'))
  } catch {
    return { reason: 'it is not JSON' }
  }
  const parsed = schema.safeParse(json)
  return parsed.success ? { value: parsed.data } : { reason: describe(parsed.error) }
}

/** Reads every record of a bundle; lines that cannot be read are left out and named by the check. */
export const parseRecords = async (
  files: ReadonlyMap<string, Buffer>,
): Promise<{ records: Records; check: Check }> => {
  const records = Object.fromEntries(recordNames.map(name => [name, []])) as unknown as Records
  const check = await examine('records can be read', wrong => {
    let count = 0
    const readFile = <N extends RecordName>(name: N): void => {
      const into = records[name] as unknown[]
      let [at, unreadable] = [0, 0]
      for (const line of linesOf(files.get(fileOf(name)) ?? Buffer.alloc(0))) {
        at++
        const read = readLine<z.ZodType>(recordSchemas[name], line)
        if ('value' in read) into.push(read.value)
        else wrong(`${fileOf(name)} line ${at}: ${read.reason}`)
        if ('reason' in read && ++unreadable === MOST_UNREADABLE) break
      }
      count += at
    }
    for (const name of recordNames) readFile(name)
    return { count, detail: `${count} records in ${recordNames.length} files` }
  })
  return { records, check }
}
