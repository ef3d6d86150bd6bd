/** One question that an auditor asks of a bundle, with its answer. */
export interface Check {
  readonly name: string
  readonly ok: boolean
  /** What holds, or every kind of thing that does not, first ones first. */
  readonly detail: string
  /** How many things were looked at. */
  readonly count: number
}

/** Says that something is wrong; the check goes on. */
export type Wrong = (what: string) => void

const SHOWN = 5

// A bundle may hold anything: no line breaks or terminal escapes of its own reach a screen.
const plain = (text: string): string => text.replace(/[^\x20-\x7e]+/g, '?').slice(0, 300)

/** Runs one check to its end. What it throws on hostile input counts as a failure of that check alone. */
export const examine = async (
  name: string,
  work: (wrong: Wrong) => Promise<{ count: number; detail: string }> | { count: number; detail: string },
): Promise<Check> => {
  const found: string[] = []
  let total = 0
  const wrong = (what: string): void => {
    total++
    if (found.length < SHOWN) found.push(plain(what))
  }
  let seen = { count: 0, detail: '' }
  try {
    seen = await work(wrong)
  } catch (error) {
    wrong(`this check could not be finished: ${error instanceof Error ? error.message : String(error)}`)
  }
  if (total === 0) return { name, ok: true, detail: plain(seen.detail), count: seen.count }
  const rest = total > SHOWN ? `; and ${total - SHOWN} more` : ''
  return { name, ok: false, detail: found.join('; ') + rest, count: seen.count }
}

/** Groups records by a key, in their order. */
export const groupBy = <T, K>(items: readonly T[], keyOf: (item: T) => K): Map<K, T[]> => {
  const groups = new Map<K, T[]>()
  for (const item of items) {
    const key = keyOf(item)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [item])
    else group.push(item)
  }
  return groups
}

export const sumOf = (parts: Iterable<bigint>): bigint => {
  let sum = 0n
  for (const part of parts) sum += part
  return sum
}
