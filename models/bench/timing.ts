/** Does one step. */
export type Step = () => Promise<unknown>

export interface Turns {
  /** How often each mode has its turn. */
  turns: number
  /** Milliseconds of a turn. */
  milliseconds: number
  /** Steps that a turn counts at least; default 4. */
  least?: number
}

/**
 * Median milliseconds of a step of each mode. Modes take turns, A B C A B C, so that what else the machine does slows all of
 * them; the first step of a turn brings the mode's weights back into the caches and is not counted.
 */
export async function medianSteps<Name extends string>(
  modes: Readonly<Record<Name, Step>>,
  { turns, milliseconds, least = 4 }: Turns,
): Promise<Record<Name, number>> {
  const names = Object.keys(modes) as Name[]
  const times = new Map<Name, number[]>(names.map(name => [name, []]))
  for (let turn = 0; turn < turns; turn++) {
    for (const name of names) {
      await modes[name]()
      const ends = performance.now() + milliseconds
      for (let i = 0; i < least || performance.now() < ends; i++) {
        const began = performance.now()
        await modes[name]()
        times.get(name)!.push(performance.now() - began)
      }
    }
  }
  return Object.fromEntries(names.map(name => [name, median(times.get(name)!)])) as Record<Name, number>
}

/** The value in the middle, the upper one of two. Error: there is none. */
export const median = (values: readonly number[]): number => quantile(values, 0.5)

/** The value that a share of all lie below. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!
}
