import { z } from 'zod'
import type { Db } from '../infra/db.ts'
import { verb } from './registry.ts'

/** The licence of rows whose contributor names none. */
export const DEFAULT_LICENCE = 'CC0-1.0'

/** The standing consent of an account for a datanet; null where there is none, or not any more. */
export const consentTo = async (
  db: Db,
  accountId: string,
  proposalId: string,
): Promise<{ licence: string } | null> => {
  const [consent] = await db.query<{ licence: string }>(
    'select licence from consents where account_id = $1 and proposal_id = $2 and revoked_at is null',
    [accountId, proposalId],
  )
  return consent ?? null
}

/** Lists for which datanets the caller has said, once for all, that their rows are theirs to give, and under which licence. */
export const consents = verb({
  name: 'consents',
  summary: 'List the models that you gave a standing consent for your rows.',
  who: ['member'],
  effect: 'read',
  input: z.object({}),
  output: z.object({
    consents: z.array(
      z.object({
        proposal: z.string(),
        licence: z.string(),
        givenAt: z.string(),
        revokedAt: z.string().nullable(),
        /** Rows of the caller that are still there. */
        rows: z.number(),
      }),
    ),
  }),
  async run({ db, caller }) {
    const found = await db.query<{
      proposal: string
      licence: string
      given_at: Date
      revoked_at: Date | null
      rows: number
    }>(
      `select p.name as proposal, s.licence, s.given_at, s.revoked_at,
         (select count(*)::int from contributions c where c.account_id = s.account_id and c.proposal_id = s.proposal_id
            and c.state <> 'withdrawn' and c.question is not null) as rows
       from consents s join proposals p on p.id = s.proposal_id where s.account_id = $1 order by p.name`,
      [caller.accountId],
    )
    return {
      consents: found.map(({ given_at, revoked_at, ...rest }) => ({
        ...rest,
        givenAt: given_at.toISOString(),
        revokedAt: revoked_at?.toISOString() ?? null,
      })),
    }
  },
})
