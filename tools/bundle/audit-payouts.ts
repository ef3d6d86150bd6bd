import { canonicalJson, sha256Hex } from '../../infra/canonical.ts'
import { rewardLeaf } from '../../infra/chain-decode.ts'
import { merkleTree, verifyProof } from '../../infra/merkle.ts'
import { type Check, examine, groupBy, sumOf, type Wrong } from './check.ts'
import { type Evidence, hexOf, wordOf } from './evidence.ts'
import type { BundleRecord } from './format.ts'

type Leaf = BundleRecord<'leaves'>

const hashOf = (leaf: Leaf): Uint8Array => rewardLeaf(leaf.index, leaf.address, leaf.units)
const rootOf = (leaves: readonly Leaf[]): string | null =>
  leaves.length === 0 ? null : hexOf(merkleTree(leaves.map(hashOf)).root)
/** The file whose hash is posted with the root, as `settle` writes it. */
const fileOf = (leaves: readonly Leaf[]): string =>
  sha256Hex(
    leaves
      .map(({ index, account, address, units }) =>
        canonicalJson({ index, accountId: account, address, cumulativeUnits: units }),
      )
      .join('\n'),
  )

/** Every leaf is the epoch before's plus this epoch's payouts, at the same index and address. */
const auditGrowth = (
  wrong: Wrong,
  what: string,
  before: readonly Leaf[],
  now: readonly Leaf[],
  paid: Map<string, bigint>,
): void => {
  const known = new Map(before.map(leaf => [leaf.account, leaf]))
  for (const [at, leaf] of now.entries()) {
    const last = known.get(leaf.account)
    known.delete(leaf.account)
    if (leaf.index !== at) wrong(`${what} has leaf ${leaf.index} in place ${at}`)
    if (last !== undefined && (last.index !== leaf.index || last.address !== leaf.address))
      wrong(`${what} gives ${leaf.account} another leaf or address`)
    const wanted = (last?.units ?? 0n) + (paid.get(leaf.account) ?? 0n)
    if (leaf.units < (last?.units ?? 0n)) wrong(`${what} takes from ${leaf.account} what it had earned`)
    else if (leaf.units !== wanted)
      wrong(`${what} gives ${leaf.account} ${leaf.units} units in all, its payouts are ${wanted}`)
    paid.delete(leaf.account)
  }
  for (const account of known.keys()) wrong(`${what} leaves out ${account}, who had earned`)
  for (const account of paid.keys()) wrong(`${what} has no leaf for ${account}, who was paid`)
}

/** Checks every epoch's rewards tree from its payouts to the root that the chain holds, and every claim against its tree. */
export const auditPayouts = async ({ records, witness }: Evidence): Promise<Check[]> => {
  const leavesOf = groupBy(records.leaves, leaf => leaf.epoch)
  const payoutsOf = groupBy(records.payouts, payout => payout.epoch)
  const roots = await examine(
    'every payout root follows from its payouts, never shrinks, and is on chain',
    wrong => {
      let before: Leaf[] = []
      for (const epoch of records.epochs) {
        const what = `epoch ${epoch.number}`
        const leaves = leavesOf.get(epoch.number) ?? []
        if (epoch.state === 'open' || epoch.state === 'closing') {
          if (leaves.length > 0) wrong(`${what} is ${epoch.state} and has leaves`)
          continue
        }
        const paid = new Map<string, bigint>()
        for (const { account, units } of payoutsOf.get(epoch.number) ?? [])
          paid.set(account, (paid.get(account) ?? 0n) + units)
        auditGrowth(wrong, what, before, leaves, paid)
        before = leaves
        if (rootOf(leaves) !== epoch.root) wrong(`${what} has another root than its leaves`)
        if (epoch.root === null || epoch.state === 'computed') continue
        const args = witness.prove(wrong, what, epoch.tx, 'Rewards.post')
        if (args === null) continue
        const total = sumOf(leaves.map(leaf => leaf.units))
        if (args[0] !== wordOf(epoch.root) || args[2] !== epoch.number)
          wrong(`${what} has another root on chain`)
        if (args[1] !== wordOf(fileOf(leaves))) wrong(`${what} has another file of leaves on chain`)
        if (args[3] !== total) wrong(`${what} has ${args[3]} units in all on chain, its leaves have ${total}`)
      }
      const byNumber = new Map(records.epochs.map(epoch => [epoch.number, epoch]))
      for (const { record, args } of witness.all('Rewards.post'))
        if (wordOf(byNumber.get(args[2])?.root ?? '') !== args[0])
          wrong(`transaction ${record.hash} posted a root for epoch ${args[2]} that the bundle does not have`)
      return {
        count: records.epochs.length,
        detail: `${sumOf(before.map(leaf => leaf.units))} units earned in all`,
      }
    },
  )

  const claims = await examine('every claim was paid by its leaf, and no leaf twice', wrong => {
    const rootOfEpoch = new Map(records.epochs.map(epoch => [epoch.number, epoch.root]))
    const transfers = new Map(
      records.transfers.filter(item => item.reason === 'claim').map(item => [item.key, item]),
    )
    const leafOf = new Map(records.leaves.map(leaf => [`${leaf.epoch}/${leaf.account}`, leaf]))
    const claimed = new Map<string, bigint>()
    for (const claim of records.claims) {
      const what = `the claim ${claim.id}`
      const before = claimed.get(claim.account) ?? 0n
      claimed.set(claim.account, claim.cumulativeUnits)
      const leaf = leafOf.get(`${claim.epoch}/${claim.account}`)
      if (claim.units <= 0n || before + claim.units !== claim.cumulativeUnits)
        wrong(
          `${what} pays ${claim.units} units to somebody who has had ${before} of ${claim.cumulativeUnits}`,
        )
      if (leaf?.units !== claim.cumulativeUnits)
        wrong(`${what} is for ${claim.cumulativeUnits} units, its leaf has ${leaf?.units ?? 0n}`)
      const booked = transfers.get(`claim/${claim.id}`)
      transfers.delete(`claim/${claim.id}`)
      if (booked?.units !== claim.units || booked.from !== `owed:${claim.account}`)
        wrong(`${what} was booked with ${booked?.units ?? 0n} units, not ${claim.units}`)
      const args = witness.prove(wrong, what, claim.tx, 'Rewards.claim')
      if (args === null || leaf === undefined) continue
      const [told, proof] = args
      if (
        told.index !== BigInt(leaf.index) ||
        told.account !== leaf.address.toLowerCase() ||
        told.cumulative !== leaf.units
      )
        wrong(`${what} has another leaf on chain`)
      const root = Buffer.from(rootOfEpoch.get(claim.epoch) ?? '', 'hex')
      const path = proof.map(node => Buffer.from(node.slice(2), 'hex'))
      if (!verifyProof(hashOf(leaf), path, root))
        wrong(`the proof of ${what} does not lead to the root of epoch ${claim.epoch}`)
    }
    for (const { id, units } of transfers.values())
      wrong(`transfer ${id} pays out ${units} units that nobody claimed`)
    // The chain pays an index the difference to its highest leaf so far, so the highest is what it has paid.
    const paid = new Map<string, bigint>()
    for (const { args } of witness.all('Rewards.claim')) {
      const { account, cumulative } = args[0]
      if (cumulative > (paid.get(account) ?? 0n)) paid.set(account, cumulative)
    }
    const owners = new Map(records.leaves.map(leaf => [leaf.account, leaf.address.toLowerCase()]))
    for (const [account, units] of claimed) {
      const address = owners.get(account) ?? ''
      if (paid.get(address) !== units)
        wrong(`the chain paid ${account} ${paid.get(address) ?? 0n} units, recorded are ${units}`)
      paid.delete(address)
    }
    for (const [address, units] of paid)
      wrong(`the chain paid ${address} ${units} units that no claim records`)
    return { count: records.claims.length, detail: `${sumOf(claimed.values())} units paid out` }
  })
  return [roots, claims]
}
