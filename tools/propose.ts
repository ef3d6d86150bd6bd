import { z } from 'zod'
import { canonicalJson, sha256Hex } from '../infra/canonical.ts'
import { fault } from '../infra/errors.ts'
import { idFrom, idWord } from '../infra/ids.ts'
import { withLease } from '../infra/leases.ts'
import { formatUnits, parseUnits } from '../infra/units.ts'
import type { Context } from './context.ts'
import { findAccount } from './find.ts'
import { addJob } from './jobs.ts'
import { limits } from './limits.ts'
import { record } from './record.ts'
import { verb } from './registry.ts'
import { defaultSplit, evaluationRow, split, type Terms, terms, tokens } from './terms.ts'
import { votingPower } from './voting-power.ts'

const input = z.object({
  name: terms.shape.name,
  purpose: terms.shape.purpose,
  dataWanted: terms.shape.dataWanted,
  licences: terms.shape.licences.default(['CC0-1.0', 'CC-BY-4.0']),
  rowsWanted: terms.shape.rowsWanted,
  minimumImprovement: terms.shape.evaluation.shape.minimumImprovement.default(10),
  price: tokens.default(parseUnits('0.05')),
  bond: tokens.default(parseUnits('25')),
  split: split.default(defaultSplit),
  pollSeconds: z
    .number()
    .int()
    .min(limits.pollSeconds.least)
    .max(limits.pollSeconds.most)
    .default(limits.pollSeconds.default),
  evaluation: z.array(evaluationRow).min(limits.evaluationRows.least).max(limits.evaluationRows.most),
})

/**
 * Opens a proposal for a model: fixes its terms and held-out rows by hash, posts the bond on chain, snapshots who could
 * vote with what, and opens the poll. It does not gather data: that begins when the poll has passed.
 */
export const propose = verb({
  name: 'propose',
  summary: 'Propose a model: what it is for, which data it needs, how it is judged and what it costs.',
  who: ['member'],
  effect: 'money',
  input,
  output: z.object({
    proposalId: z.string(),
    name: z.string(),
    closesAt: z.string(),
    bondTx: z.string(),
    termsHash: z.string(),
  }),
  cost: async (_network, _caller, { bond }) => bond,
  async run(context, wanted) {
    const account = await findAccount(context.db, context.caller.accountId)
    if (wanted.bond < limits.leastBond)
      throw fault('bond-too-small', `A bond of ${formatUnits(wanted.bond)} tokens is too small.`, {
        fix: `Post at least ${formatUnits(limits.leastBond)} tokens; they come back as you deliver.`,
      })
    const id = idFrom('proposal', context.key)
    const evaluationBlob = await context.blobs.put(
      Buffer.from(wanted.evaluation.map(row => JSON.stringify(row)).join('\n')),
    )
    const fixed: Terms = {
      name: wanted.name,
      purpose: wanted.purpose,
      base: { name: context.engine.base.name, hash: context.engine.base.hash },
      dataWanted: wanted.dataWanted,
      licences: wanted.licences,
      rowsWanted: wanted.rowsWanted,
      evaluation: {
        blob: evaluationBlob,
        rows: wanted.evaluation.length,
        minimumImprovement: wanted.minimumImprovement,
      },
      split: wanted.split,
      priceUnits: wanted.price.toString(),
      bondUnits: wanted.bond.toString(),
    }
    const termsHash = sha256Hex(canonicalJson(fixed))
    // The lease keeps two people from posting a bond for one name.
    return withLease(context.db, context.clock, `proposal-name/${wanted.name}`, 60, async () => {
      await refuseTakenName(context, wanted.name, id)
      const { tx: bondTx } = await context.chain.propose(context.key, {
        proposalId: idWord(id),
        wallet: account.wallet,
        bondUnits: wanted.bond,
        contentHash: `0x${termsHash}`,
      })
      const now = context.clock.now()
      const closesAt = new Date(now.getTime() + wanted.pollSeconds * 1000)
      return context.commit(async tx => {
        await tx.query(
          `insert into proposals (id, name, proposer_id, state, terms, terms_hash, evaluation_blob, bond_units, price_units, closes_at, bond_tx, created_at, unwind_after)
           values ($1, $2, $3, 'voting', $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
          [
            id,
            wanted.name,
            account.id,
            JSON.stringify(fixed),
            termsHash,
            evaluationBlob,
            wanted.bond,
            wanted.price,
            closesAt,
            bondTx,
            now,
            new Date(now.getTime() + context.chain.deliverySeconds * 1000),
          ],
        )
        for (const power of await votingPower(tx))
          await tx.query(
            'insert into voting_power (proposal_id, account_id, weight_units) values ($1, $2, $3)',
            [id, power.accountId, power.weightUnits],
          )
        await record(context, tx, 'proposal.opened', id, { termsHash, bondUnits: wanted.bond, tx: bondTx })
        await addJob(context.queue, tx, 'lifecycle', { proposalId: id })
        return { proposalId: id, name: wanted.name, closesAt: closesAt.toISOString(), bondTx, termsHash }
      })
    })
  },
})

const refuseTakenName = async (context: Context, name: string, id: string): Promise<void> => {
  const [taken] = await context.db.query('select id from proposals where name = $1 and id <> $2', [name, id])
  if (taken !== undefined)
    throw fault('name-taken', `A model named "${name}" exists already.`, { fix: 'Choose another name.' })
}
