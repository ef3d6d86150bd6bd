import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import { canonicalJson, sha256Hex } from '../infra/canonical.ts'
import { fault } from '../infra/errors.ts'
import { idFrom } from '../infra/ids.ts'
import { refuseBeforeStorage } from './checks/before-storage.ts'
import { consentTo, DEFAULT_LICENCE } from './consents.ts'
import { findAccount, findProposal, inState } from './find.ts'
import { addJob } from './jobs.ts'
import { limits } from './limits.ts'
import { issueReceipt } from './receipt.ts'
import { record } from './record.ts'
import { verb } from './registry.ts'

const text = z.string().max(limits.rowCharacters)

/** Salted hash of a row: the content can be erased with its salt, and nobody can guess a short row from the public hash. */
export const contentHash = (
  salt: Uint8Array,
  row: { question: string; answer: string; licence: string },
): string =>
  sha256Hex(salt, canonicalJson({ question: row.question, answer: row.answer, licence: row.licence }))

/**
 * Takes rows of questions and answers into a datanet: stored, hashed and queued for the curator in one transaction.
 * Rights and licence are said with the rows, or once for the datanet by `consent`.
 * A row with personal data or a secret is refused here, before anything of it is stored. Verdicts come by `submission`.
 */
export const contribute = verb({
  name: 'contribute',
  summary: 'Give questions and answers to a model that gathers data.',
  who: ['member'],
  effect: 'write',
  input: z.object({
    proposal: z.string(),
    licence: z.string().trim().min(1).max(60).default(DEFAULT_LICENCE),
    rights: z
      .literal(true, { error: 'say that you may give these rows under this licence (rights=true)' })
      .optional(),
    rows: z
      .array(z.object({ question: text, answer: text, licence: z.string().max(60).optional() }))
      .min(1)
      .max(limits.submissionRows),
  }),
  output: z.object({
    submissionId: z.string(),
    proposal: z.string(),
    /** Of the rows that do not name their own. */
    licence: z.string(),
    /** Whether a standing consent covers this datanet, so that neither has to be said again. */
    consented: z.boolean(),
    rows: z.array(z.object({ id: z.string(), position: z.number(), state: z.string() })),
  }),
  async run(context, input) {
    const account = await findAccount(context.db, context.caller.accountId)
    const proposal = await findProposal(context.db, input.proposal)
    inState(proposal, ['gathering'], 'Contribute while a model gathers its data; /status shows which do.')
    const closed = () =>
      fault('gathering-closed', `"${proposal.name}" has ended its gathering.`, {
        fix: 'Contribute to another model; /status shows which gather.',
      })
    if (proposal.gatheringClosedAt !== null) throw closed()
    const consent = await consentTo(context.db, account.id, proposal.id)
    if (input.rights === undefined && consent === null)
      throw fault('rights-missing', 'You have not said that these rows are yours to give.', {
        fix: `Say rights=yes and a licence with them, or once for all with /consent ${proposal.name}.`,
      })
    const licence = input.rights === undefined && consent !== null ? consent.licence : input.licence
    if (![licence, DEFAULT_LICENCE].includes(input.licence))
      throw fault('rights-missing', `Your consent for "${proposal.name}" is for ${licence}.`, {
        fix: 'Leave the licence out, or say rights=yes for this one.',
      })
    const submissionId = idFrom('submission', context.key)
    const now = context.clock.now()
    const rows = input.rows.map((row, position) => {
      const salt = randomBytes(32)
      const content = {
        question: row.question.trim(),
        answer: row.answer.trim(),
        licence: row.licence ?? licence,
      }
      const refusal = refuseBeforeStorage(content, proposal.terms.licences)
      return {
        id: idFrom('contribution', submissionId, String(position)),
        position,
        content,
        salt,
        hash: contentHash(salt, content),
        refusal,
      }
    })
    return context.commit(async tx => {
      // Locked against the freeze: a row that comes after it would be in no snapshot.
      const [gathers] = await tx.query(
        `select id from proposals where id = $1 and state = 'gathering' and gathering_closed_at is null for share`,
        [proposal.id],
      )
      if (gathers === undefined) throw closed()
      const [waiting] = await tx.query<{ rows: number }>(
        `select count(*)::int as rows from contributions where account_id = $1 and state = 'received'`,
        [account.id],
      )
      if ((waiting?.rows ?? 0) + rows.length > limits.undecidedRows)
        throw fault('too-many-undecided', `${waiting?.rows ?? 0} of your rows wait for the curator.`, {
          fix: 'Send more once they are decided.',
          retry: true,
        })
      await tx.query(
        'insert into submissions (id, proposal_id, account_id, rows, state, received_at) values ($1, $2, $3, $4, $5, $6)',
        [submissionId, proposal.id, account.id, rows.length, 'received', now],
      )
      const kept = rows.map(row => ({
        position: row.position,
        id: row.id,
        question: row.refusal === undefined ? row.content.question : null,
        answer: row.refusal === undefined ? row.content.answer : null,
        licence: row.content.licence,
        content_hash: row.hash,
        salt: row.refusal === undefined ? `\\x${row.salt.toString('hex')}` : null,
        state: row.refusal === undefined ? 'received' : 'refused',
        reason: row.refusal?.check ?? null,
        message: row.refusal?.message ?? null,
        fix: row.refusal?.fix ?? null,
      }))
      await tx.query(
        `insert into contributions (id, submission_id, proposal_id, account_id, question, answer, licence, content_hash, salt, state, reason, message, fix, received_at, decided_at)
         select r.id, $1, $2, $3, r.question, r.answer, r.licence, r.content_hash, r.salt, r.state, r.reason, r.message, r.fix, $4, case when r.state = 'refused' then $4::timestamptz end
         from jsonb_to_recordset($5::jsonb) as r(position int, id uuid, question text, answer text, licence text, content_hash text, salt bytea, state text, reason text, message text, fix text)
         order by r.position`,
        [submissionId, proposal.id, account.id, now, JSON.stringify(kept)],
      )
      const hashes = rows.map(row => row.hash)
      const seq = await record(context, tx, 'contribution.received', submissionId, {
        proposal: proposal.id,
        rows: hashes,
        rights: true,
        consent: input.rights === undefined,
        licence,
      })
      const told = {
        submission: submissionId,
        account: account.id,
        proposal: proposal.id,
        rows: hashes,
        receivedAt: now.toISOString(),
      }
      await issueReceipt(context, tx, idFrom('submission-receipt', submissionId), 'contribution', told, seq)
      await addJob(context.queue, tx, 'curate', { submissionId })
      return {
        submissionId,
        proposal: proposal.name,
        licence,
        consented: consent !== null,
        rows: rows.map(row => ({
          id: row.id,
          position: row.position,
          state: row.refusal === undefined ? 'received' : 'refused',
        })),
      }
    })
  },
})
