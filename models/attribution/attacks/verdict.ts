import { z90 } from '../conformal.ts'
import type { PayTable } from '../pay.ts'
import type { Settled } from './run.ts'
import type { HonestBase, Scenario } from './scenario.ts'

/**
 * Where an attack's row or question ended: refused by `intake`; worth nothing by `identity` (a near-copy of an own row, another
 * name of one person, an asker linked to what would be paid); not positive by `influence`; below its error bar, or costing
 * more than it brings, by `pay`; or `paid`.
 */
export type Stage = 'intake' | 'identity' | 'influence' | 'pay' | 'paid'
export const stages: readonly Stage[] = ['intake', 'identity', 'influence', 'pay', 'paid']

/** What an attack did to the pay of one period. */
export interface Effect {
  /** What attackers were paid, smallest units. */
  readonly incomeUnits: number
  /** Income of the same rows or account without the attack. */
  readonly honestUnits: number
  /** (income - spent) / honest; null where there is no honest income. */
  readonly ratio: number | null
  /** Income as a part of the pots of all answers. */
  readonly potShare: number
  /** Part of their honest income that the others lost; negative where they won. */
  readonly othersLost: number | null
  readonly held: boolean
}

export interface Verdict {
  readonly name: string
  readonly about: string
  /** Rows, moved rows and questions of the attack, by where they ended. */
  readonly ended: Readonly<Record<Stage, number>>
  /** What attackers paid for their own questions, smallest units. */
  readonly spentUnits: number
  readonly effect: Effect
  /** The same while a release has no subset adapters. */
  readonly provisional: Effect
}

/** Holds a scenario's outcome against the base without attacks. */
export const verdictOf = (
  scenario: Scenario,
  settled: Settled,
  base: HonestBase,
  honest: Settled,
): Verdict => {
  const attackers = new Set(scenario.attackers)
  const spentUnits = scenario.questions
    .filter(({ asker }) => attackers.has(asker))
    .reduce((sum, { revenueUnits }) => sum + Number(revenueUnits), 0)
  const others = new Set(scenario.rows.map(row => row.contributor).filter(name => !attackers.has(name)))
  const places = new Set(scenario.honestIncomeOf)
  const effectOf = (table: PayTable, plain: PayTable): Effect => {
    const incomeUnits = unitsOf(table, account => attackers.has(account))
    const honestUnits = plain.rows.reduce(
      (sum, { row, units }) =>
        places.has(honest.snapshot.accepted[row]!.row.id) ? sum + Number(units) : sum,
      0,
    )
    const before = unitsOf(plain, account => others.has(account))
    const after = unitsOf(table, account => others.has(account))
    const pots = table.perAnswer.reduce((sum, { potUnits }) => sum + Number(potUnits), 0)
    const net = incomeUnits - spentUnits
    const potShare = pots > 0 ? incomeUnits / pots : 0
    const { kind, most } = scenario.bar
    return {
      incomeUnits,
      honestUnits,
      ratio: honestUnits > 0 ? net / honestUnits : null,
      potShare,
      othersLost: before > 0 ? 1 - after / before : null,
      // One unit a row may be rounded either way.
      held: kind === 'ratio' ? net <= most * honestUnits + table.rows.length : potShare <= most,
    }
  }
  return {
    name: scenario.name,
    about: scenario.about,
    ended: endsOf(scenario, settled, base),
    spentUnits,
    effect: effectOf(settled.table, honest.table),
    provisional: effectOf(settled.provisional, honest.provisional),
  }
}

const unitsOf = ({ accounts }: PayTable, which: (account: string) => boolean): number =>
  [...accounts].reduce((sum, [account, units]) => (which(account) ? sum + Number(units) : sum), 0)

const endsOf = (scenario: Scenario, settled: Settled, base: HonestBase): Record<Stage, number> => {
  const ended: Record<Stage, number> = { intake: 0, identity: 0, influence: 0, pay: 0, paid: 0 }
  const owners = new Map(base.rows.map(row => [row.id, row.contributor]))
  const attackers = new Set(scenario.attackers)
  const sent = (id: string, contributor: string) => !owners.has(id) && attackers.has(contributor)
  const { accepted, refused, clustering } = settled.snapshot
  for (const { row } of refused) if (sent(row.id, row.contributor)) ended.intake++
  const paid = new Set(settled.table.rows.map(({ row }) => row))
  const clusters = new Map(settled.table.clusters.map(one => [one.cluster, one]))
  for (const [i, { row, canonical }] of accepted.entries()) {
    if (!sent(row.id, row.contributor)) {
      if (owners.has(row.id) && owners.get(row.id) !== row.contributor) ended.identity++
      continue
    }
    const { units, error } = clusters.get(clustering.of[i]!)!
    if (!canonical) ended.identity++
    else if (paid.has(i)) ended.paid++
    else if (units > 0 && units <= z90 * error) ended.pay++
    else ended.influence++
  }
  const owns = new Set(accepted.map(({ row }) => row.contributor))
  const known = (asker: string) => owns.has(asker) || scenario.linked.some(pair => pair.includes(asker))
  for (const { asker } of scenario.questions)
    if (attackers.has(asker)) ended[known(asker) ? 'identity' : 'pay']++
  return ended
}

const headings = ['income', 'honest', 'ratio', 'of pots', 'others lost', 'bar']
const cells = ({ incomeUnits, honestUnits, ratio, potShare, othersLost, held }: Effect): string[] => [
  String(incomeUnits),
  String(honestUnits),
  ratio === null ? '-' : ratio.toFixed(2),
  `${(100 * potShare).toFixed(2)}%`,
  othersLost === null ? '-' : `${(100 * othersLost).toFixed(1)}%`,
  held ? 'held' : 'MISSED',
]

/** One line a scenario, columns aligned; the last six columns are those of provisional pay. */
export const verdictTable = (verdicts: readonly Verdict[]): string => {
  const lines = [
    ['attack', 'ended at', 'spent', ...headings, ...headings.map(name => `prov. ${name}`)],
    ...verdicts.map(one => [
      one.name,
      stages
        .filter(stage => one.ended[stage] > 0)
        .map(stage => `${stage} ${one.ended[stage]}`)
        .join(', '),
      String(one.spentUnits),
      ...cells(one.effect),
      ...cells(one.provisional),
    ]),
  ]
  const widths = lines[0]!.map((_, column) => Math.max(...lines.map(line => line[column]!.length)))
  const aligned = (line: string[]) =>
    line.map((cell, i) => (i < 2 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  ')
  return lines.map(aligned).join('\n')
}
