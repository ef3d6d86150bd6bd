import {
  type Attack,
  type AttackRow,
  contributorsOf,
  type HonestBase,
  insiderOf,
  noGain,
  rowsOf,
  type Scenario,
} from '../scenario.ts'
import { reworded, synonymsIn } from './rewording.ts'

/** Copies of each row. */
const counts = [2, 4, 8]

/** The rows that are copied: a third of the first contributor's. */
const copied = (base: HonestBase): AttackRow[] => {
  const rows = rowsOf(base, contributorsOf(base)[0]!)
  return rows.slice(0, Math.max(1, Math.ceil(rows.length / 3)))
}

const scenario = (
  base: HonestBase,
  about: Pick<Scenario, 'name' | 'about' | 'rows' | 'attackers' | 'honestIncomeOf'>,
): Scenario => ({ ...about, questions: base.questions, linked: [], bar: noGain })

/** Another's rows are sent again word for word, each time by a new account. */
export const verbatimCopies: Attack = base =>
  counts.map(k => {
    const names = Array.from({ length: k }, (_, copy) => `copier ${copy + 1}`)
    return scenario(base, {
      name: `copy k=${k}, verbatim`,
      about: `${k} accounts send another's rows word for word.`,
      rows: [
        ...base.rows,
        ...names.flatMap(name =>
          copied(base).map(row => ({ ...row, id: `${name}: ${row.id}`, contributor: name })),
        ),
      ],
      attackers: names,
      honestIncomeOf: copied(base).map(row => row.id),
    })
  })

/**
 * Another's rows are sent again with other words and in another order, each time by a new account; and once more as if intake had
 * not met the likeness, which leaves influence and pay to stop them.
 */
export const rewordedCopies: Attack = (base, seed) => {
  const synonyms = synonymsIn(base.rows.flatMap(row => [row.prompt, row.answer]))
  const scenarios = counts.map(k => {
    const names = Array.from({ length: k }, (_, copy) => `copier ${copy + 1}`)
    return scenario(base, {
      name: `copy k=${k}, reworded`,
      about: `${k} accounts send another's rows with synonyms and in another order.`,
      rows: [
        ...base.rows,
        ...names.flatMap((name, copy) =>
          copied(base).map(row => ({
            id: `${name}: ${row.id}`,
            contributor: name,
            ...reworded(row, synonyms, copy, seed),
          })),
        ),
      ],
      attackers: names,
      honestIncomeOf: copied(base).map(row => row.id),
    })
  })
  const missed = scenarios.map(one => ({
    ...one,
    name: `${one.name}, missed by intake`,
    about: `${one.about} Intake takes them for new.`,
    missed: new Set(one.rows.slice(base.rows.length).map(row => row.id)),
  }))
  return [...scenarios, ...missed]
}

/** An account sends each of its own rows again four times in other words, to weigh more. */
export const ownCopies: Attack = (base, seed) => {
  const insider = insiderOf(base)
  const synonyms = synonymsIn(base.rows.flatMap(row => [row.prompt, row.answer]))
  const own = rowsOf(base, insider)
  const again = own.slice(0, Math.max(1, Math.ceil(own.length / 3)))
  return [
    scenario(base, {
      name: 'copy k=4 of own rows, reworded',
      about: 'An account sends its own rows again in other words.',
      rows: [
        ...base.rows,
        ...[0, 1, 2, 3].flatMap(copy =>
          again.map(row => ({
            id: `again ${copy + 1}: ${row.id}`,
            contributor: insider,
            ...reworded(row, synonyms, copy, seed),
          })),
        ),
      ],
      attackers: [insider],
      honestIncomeOf: own.map(row => row.id),
    }),
  ]
}

/**
 * A copy that claims to be older. Where it arrives after the original, the claim counts for nothing. Where it really came first the
 * copier is the one that is seen first, and takes the rows' income: content alone cannot tell who wrote them.
 */
export const backdatedCopies: Attack = base => {
  const name = 'copier'
  const targets = new Set(copied(base).map(row => row.id))
  const copyOf = (row: AttackRow): AttackRow => ({
    ...row,
    id: `${name}: ${row.id}`,
    contributor: name,
    claimedAt: 0,
  })
  const dated = base.rows.map((row, i) => ({ ...row, claimedAt: 1 + i }))
  return [
    scenario(base, {
      name: 'backdated copy, seen after',
      about: 'A verbatim copy arrives after the original and claims an earlier time.',
      rows: [...dated, ...dated.filter(row => targets.has(row.id)).map(copyOf)],
      attackers: [name],
      honestIncomeOf: [...targets],
    }),
    scenario(base, {
      name: 'backdated copy, seen first',
      about: 'The copy really arrives before the original; it is paid as the first, and no more than that.',
      rows: dated.flatMap(row => (targets.has(row.id) ? [copyOf(row), row] : [row])),
      attackers: [name],
      honestIncomeOf: [...targets],
    }),
  ]
}
