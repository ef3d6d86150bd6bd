import { createPublicKey, type KeyObject } from 'node:crypto'
import { z } from 'zod'
import { verifyReceipt } from '../../infra/receipts.ts'
import { type Check, examine } from './check.ts'
import type { Evidence } from './evidence.ts'
import type { Records } from './format.ts'
import { readLine } from './parse.ts'

const contentSchema = z.object({ kind: z.string(), body: z.record(z.string(), z.unknown()) })

const keyOf = (pem: string): KeyObject | null => {
  try {
    return createPublicKey(pem)
  } catch {
    return null
  }
}

/** What each kind of receipt has to say, by the receipt's id, taken from the records. */
const promisesOf = (records: Records): Map<string, Record<string, string | number>> => {
  const promises = new Map<string, Record<string, string | number>>()
  const releases = new Map(records.releases.map(release => [release.id, release]))
  const names = new Map(records.proposals.map(proposal => [proposal.id, proposal.name]))
  for (const { id, receipt, account, priceUnits, release } of records.answers) {
    const model = releases.get(release)
    if (receipt !== null && model !== undefined)
      promises.set(receipt, {
        answer: id,
        asker: account,
        priceUnits: priceUnits.toString(),
        model: `${names.get(model.proposal)}@${model.version}`,
        adapter: model.adapter,
      })
  }
  for (const { receipt, proposal, account, choice, weightUnits, salt } of records.ballots)
    promises.set(receipt, { proposal, account, choice, weightUnits: weightUnits.toString(), salt })
  return promises
}

/** Checks the node's signature under every receipt, and that answers, ballots and payouts are what their receipts promise. */
export const auditReceipts = async ({ manifest, records }: Evidence): Promise<Check[]> => {
  const key = keyOf(manifest.node.publicKey)
  const signatures = await examine('the node signed every receipt', wrong => {
    if (key === null) wrong("the node's public key cannot be read")
    for (const receipt of records.receipts)
      if (key === null || !verifyReceipt(receipt, key))
        wrong(`the signature of receipt ${receipt.id} is not the node's`)
    return {
      count: records.receipts.length,
      detail: `Ed25519, key ${manifest.node.keyId}; ${manifest.sealed.receipts} sealed`,
    }
  })

  const contents = await examine('the records are what the receipts promise', wrong => {
    const promises = promisesOf(records)
    const roots = new Map(records.epochs.map(epoch => [epoch.number, epoch.root]))
    const leaves = new Map(
      records.leaves
        .filter(leaf => roots.get(leaf.epoch))
        .map(leaf => [`${leaf.epoch}/${leaf.account}`, leaf]),
    )
    const count = promises.size + leaves.size
    for (const { id, receipt, kind } of records.receipts) {
      const read = readLine(contentSchema, Buffer.from(receipt))
      const body = 'value' in read ? read.value.body : {}
      if ('reason' in read || read.value.kind !== kind || body.id !== id) {
        wrong(`receipt ${id} is not the ${kind} that it is filed as`)
        continue
      }
      const leaf = kind === 'payout' ? leaves.get(`${body.epoch}/${body.account}`) : undefined
      const promise =
        leaf === undefined
          ? promises.get(id)
          : {
              index: leaf.index,
              address: leaf.address,
              cumulativeUnits: leaf.units.toString(),
              root: roots.get(leaf.epoch),
            }
      for (const [name, value] of Object.entries(promise ?? {}))
        if (body[name] !== value)
          wrong(`receipt ${id} promises ${name} ${body[name]}, the records have ${value}`)
      promises.delete(id)
      leaves.delete(`${body.epoch}/${body.account}`)
    }
    for (const id of promises.keys()) wrong(`receipt ${id} is missing`)
    for (const name of leaves.keys()) wrong(`the payout receipt of ${name} is missing`)
    return { count, detail: 'answers, ballots and payouts' }
  })
  return [signatures, contents]
}
