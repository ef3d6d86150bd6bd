import { type Check, examine } from './check.ts'
import type { Evidence } from './evidence.ts'

/** Accounts that hold somebody's money and cannot be overdrawn: the same as `balances_covered` in the database. */
const guarded = /^(balance|income|commons|escrow|pledge|bond|owed):/

const person = '[0-9a-f-]{36}'
const share = { from: /^income:\d+$/, to: new RegExp(`^owed:${person}$`) }
/** Between which accounts each kind of transfer moves. The checks of deposits, payments, answers, epochs and claims say how much. */
const purposes: Readonly<Record<string, { from: RegExp; to: RegExp }>> = {
  deposit: { from: /^chain:treasury$/, to: new RegExp(`^balance:${person}$`) },
  'pledge released': { from: /^chain:treasury$/, to: new RegExp(`^balance:${person}$`) },
  payment: { from: /^chain:treasury$/, to: new RegExp(`^balance:${person}$`) },
  'payment refund': { from: new RegExp(`^balance:${person}$`), to: /^chain:treasury$/ },
  question: { from: new RegExp(`^balance:${person}$`), to: /^income:\d+$/ },
  refund: { from: /^income:\d+$/, to: new RegExp(`^balance:${person}$`) },
  'contributor share': share,
  'proposer share': share,
  'compute share': share,
  commons: { from: /^income:\d+$/, to: new RegExp(`^commons:${person}$`) },
  'protocol share': { from: /^income:\d+$/, to: /^protocol:treasury$/ },
  claim: { from: new RegExp(`^owed:${person}$`), to: /^chain:rewards$/ },
}

/** Checks the books: both sides of every transfer, what every account held after each, and what each was for. */
export const auditTransfers = async ({ records: { transfers } }: Evidence): Promise<Check[]> => {
  const sides = await examine('every transfer sums to zero', wrong => {
    const [ids, keys] = [new Set<string>(), new Set<string>()]
    for (const { id, key, from, to, units, entries } of transfers) {
      if (ids.has(id) || keys.has(key)) wrong(`the transfer ${id} stands twice`)
      ids.add(id)
      keys.add(key)
      const booked = new Map(entries.map(entry => [entry.account, entry.units]))
      if (units <= 0n || from === to) wrong(`the transfer ${id} moves nothing`)
      if (entries.length !== 2 || booked.get(from) !== -units || booked.get(to) !== units)
        wrong(`the entries of transfer ${id} do not move ${units} units from ${from} to ${to}`)
    }
    return { count: transfers.length, detail: 'both sides of each' }
  })

  const balances = new Map<string, bigint>()
  const covered = await examine('no account was ever overdrawn', wrong => {
    for (const { id, entries } of transfers)
      for (const { account, units } of entries) {
        const left = (balances.get(account) ?? 0n) + units
        balances.set(account, left)
        if (left < 0n && guarded.test(account)) wrong(`transfer ${id} leaves ${account} with ${left} units`)
      }
    return { count: balances.size, detail: `${balances.size} accounts, replayed from the first transfer` }
  })

  const known = await examine('every transfer has a purpose', wrong => {
    for (const { id, from, to, units, reason } of transfers) {
      const purpose = Object.hasOwn(purposes, reason) ? purposes[reason] : undefined
      if (purpose?.from.test(from) !== true || !purpose.to.test(to))
        wrong(`transfer ${id} moves ${units} units from ${from} to ${to} as "${reason}"`)
    }
    return { count: transfers.length, detail: `${new Set(transfers.map(item => item.reason)).size} purposes` }
  })
  return [sides, covered, known]
}
