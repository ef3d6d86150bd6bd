import { readArchive } from './archive.ts'
import { auditAnswers } from './audit-answers.ts'
import { auditChain } from './audit-chain.ts'
import { auditDeposits } from './audit-deposits.ts'
import { auditEpochs } from './audit-epochs.ts'
import { auditFiles } from './audit-files.ts'
import { auditLedger } from './audit-ledger.ts'
import { auditModels } from './audit-models.ts'
import { auditOrigins } from './audit-origins.ts'
import { auditPayments } from './audit-payments.ts'
import { auditPayouts } from './audit-payouts.ts'
import { auditPolls } from './audit-polls.ts'
import { auditReceipts } from './audit-receipts.ts'
import { auditSplits } from './audit-splits.ts'
import { auditTransfers } from './audit-transfers.ts'
import type { Check } from './check.ts'
import { parseRecords } from './parse.ts'
import { openWitness } from './witness.ts'

export type { Check } from './check.ts'

const audits = [
  auditLedger,
  auditChain,
  auditReceipts,
  auditPolls,
  auditModels,
  auditOrigins,
  auditDeposits,
  auditPayments,
  auditAnswers,
  auditEpochs,
  auditSplits,
  auditPayouts,
  auditTransfers,
]

/**
 * Checks an exported bundle from its bytes alone: no network, database, data folder or key of the node is used.
 * Every check runs to its end and says what holds or what does not. What it cannot know: whether the node's key and the
 * operator's address, named by the check of the manifest, are those of the network that you mean, and whether that chain
 * still holds the transactions; compare the first with what the network publishes, ask any node of that chain for the second.
 * Takes about 2 ms a transaction and 0.05 ms an event. `mostBytes` bounds what is read (default 256 MB).
 * Throws `bundle-missing`, `bundle-unreadable` and `bundle-too-large`; anything else that is wrong with the file is a failing check.
 */
export const verifyBundle = async (
  bundle: string | Uint8Array,
  options: { mostBytes?: number } = {},
): Promise<{ ok: boolean; checks: Check[] }> => {
  const archive = await readArchive(bundle, options.mostBytes)
  const { manifest, checks } = await auditFiles(archive)
  const { records, check } = await parseRecords(archive.files)
  checks.push(check)
  if (manifest !== null) {
    const witness = await openWitness(records.chain, manifest)
    for (const audit of audits) checks.push(...(await audit({ manifest, records, witness })))
  }
  return { ok: checks.every(item => item.ok), checks }
}
