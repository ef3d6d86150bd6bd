import { z } from 'zod'
import { fault } from '../infra/errors.ts'
import { DEFAULT_LICENCE } from './consents.ts'
import { findAccount, findProposal } from './find.ts'
import { record } from './record.ts'
import { verb } from './registry.ts'

/**
 * States once for a datanet that all rows the caller gives to it are theirs to give, under one licence, so that
 * `contribute` need not be told again; `revoke` takes that back for new rows and says how many old ones are there.
 * Throws `rights-missing`, `licence-refused`, `consent-unknown`.
 */
export const consent = verb({
  name: 'consent',
  summary: 'State once that your rows for a model are yours to give, under which licence; or revoke that.',
  who: ['member'],
  effect: 'write',
  input: z.object({
    proposal: z.string(),
    licence: z.string().trim().min(1).max(60).optional(),
    rights: z
      .literal(true, { error: 'say that your rows are yours to give under this licence (rights=true)' })
      .optional(),
    revoke: z.boolean().default(false).describe('yes to take the consent back'),
  }),
  output: z.object({
    proposal: z.string(),
    licence: z.string(),
    revoked: z.boolean(),
    /** Rows of the caller in this datanet that are still there; `withdraw` takes them back. */
    rows: z.number(),
  }),
  async run(context, input) {
    const account = await findAccount(context.db, context.caller.accountId)
    const proposal = await findProposal(context.db, input.proposal)
    const licence = input.licence ?? DEFAULT_LICENCE
    if (!input.revoke) {
      if (input.rights !== true)
        throw fault('rights-missing', 'You have not said that your rows are yours to give.', {
          fix: `Say /consent ${proposal.name} licence=${licence} rights=yes.`,
        })
      if (!proposal.terms.licences.includes(licence))
        throw fault(
          'licence-refused',
          `"${proposal.name}" does not take rows under ${licence.slice(0, 30)}.`,
          {
            fix: `Choose one of ${proposal.terms.licences.join(', ')}.`,
          },
        )
    }
    const now = context.clock.now()
    return context.commit(async tx => {
      const kept = input.revoke
        ? await tx.query<{ licence: string }>(
            `update consents set revoked_at = $3 where account_id = $1 and proposal_id = $2 and revoked_at is null returning licence`,
            [account.id, proposal.id, now],
          )
        : await tx.query<{ licence: string }>(
            `insert into consents (account_id, proposal_id, licence, given_at) values ($1, $2, $3, $4)
             on conflict (account_id, proposal_id) do update set licence = excluded.licence, given_at = excluded.given_at, revoked_at = null
             returning licence`,
            [account.id, proposal.id, licence, now],
          )
      const [consent] = kept
      if (consent === undefined)
        throw fault('consent-unknown', `You have no standing consent for "${proposal.name}".`, {
          fix: 'Look at your consents with /consents.',
        })
      await record(context, tx, input.revoke ? 'consent.revoked' : 'consent.given', proposal.id, {
        licence: consent.licence,
      })
      const [left] = await tx.query<{ rows: number }>(
        `select count(*)::int as rows from contributions where account_id = $1 and proposal_id = $2
           and state <> 'withdrawn' and question is not null`,
        [account.id, proposal.id],
      )
      return {
        proposal: proposal.name,
        licence: consent.licence,
        revoked: input.revoke,
        rows: left?.rows ?? 0,
      }
    })
  },
})
