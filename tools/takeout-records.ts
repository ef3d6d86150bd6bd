import type { Db } from '../infra/db.ts'
import { idFrom } from '../infra/ids.ts'

const ofCaller = `(platform, subject) in (select platform, subject from identities where account_id = $1)`

/** Every list of a takeout, oldest first, by the query that reads it; `$1` is the account. Columns carry the names that the file shows. */
const sources: Readonly<Record<string, string>> = {
  identities: `select platform, subject, created_at as "since" from identities where account_id = $1 order by created_at`,
  linkedAccounts: `select case when account_id = $1 then linked_id else account_id end as account, at from linked_accounts
    where $1 in (account_id, linked_id) order by at`,
  wallets: `select address, message, linked_at as "linkedAt", unlinked_at as "unlinkedAt" from wallets where account_id = $1 order by expires_at`,
  submissions: `select s.id, p.name as proposal, s.state, s.received_at as "receivedAt",
      (select jsonb_agg(jsonb_build_object('id', c.id, 'question', c.question, 'answer', c.answer, 'licence', c.licence, 'state', c.state,
        'reason', c.reason, 'message', c.message, 'fix', c.fix, 'firstRow', c.first_id, 'contentHash', c.content_hash,
        'salt', encode(c.salt, 'hex'), 'decidedAt', c.decided_at) order by c.seq)
       from contributions c where c.submission_id = s.id) as rows
    from submissions s join proposals p on p.id = s.proposal_id where s.account_id = $1 order by s.received_at, s.id`,
  consents: `select p.name as proposal, s.licence, s.given_at as "givenAt", s.revoked_at as "revokedAt"
    from consents s join proposals p on p.id = s.proposal_id where s.account_id = $1 order by s.given_at`,
  proposals: `select id, name, state, terms, bond_units as "bondUnits", bond_tx as "bondTx", created_at as "createdAt"
    from proposals where proposer_id = $1 order by created_at`,
  votes: `select p.name as proposal, b.choice, b.weight_units as "weightUnits", b.salt, b.receipt_id as receipt, b.cast_at as "castAt"
    from ballots b join proposals p on p.id = b.proposal_id where b.account_id = $1 order by b.cast_at`,
  pledges: `select p.name as proposal, g.units, g.tx, g.created_at as "createdAt"
    from pledges g join proposals p on p.id = g.proposal_id where g.account_id = $1 order by g.created_at`,
  questions: `select w.id, p.name || '@' || r.version as model, w.question, w.request, w.answer, v.answer as "secondAnswer", f.choice as preferred,
      w.state, w.price_units as "priceUnits", w.receipt_id as receipt, encode(w.salt, 'hex') as salt, w.asked_at as "askedAt"
    from answers w join releases r on r.id = w.release_id join proposals p on p.id = r.proposal_id
      left join alternatives v on v.answer_id = w.id left join preferences f on f.answer_id = w.id
    where w.account_id = $1 order by w.asked_at, w.id`,
  feedback: `select answer_id as answer, thumb, given_at as "givenAt" from feedback where account_id = $1 order by given_at`,
  shares: `select s.answer_id as answer, w.epoch, s.share, s.low, s.high from shares s join answers w on w.id = s.answer_id
    where s.account_id = $1 order by w.epoch, s.answer_id`,
  payouts: `select epoch, kind, units, provisional from payouts where account_id = $1 order by epoch, kind`,
  claims: `select epoch, units, tx, claimed_at as "claimedAt" from claims where account_id = $1 order by claimed_at`,
  transfers: `select t.from_account as "from", t.to_account as "to", t.units, t.reason, t.at from transfers t
    where t.from_account in ('balance:' || $1::text, 'owed:' || $1::text) or t.to_account in ('balance:' || $1::text, 'owed:' || $1::text)
    order by t.at, t.id`,
  notices: `select kind, facts, created_at as "at", sent_at as "toldAt" from outbox where account = $1::text order by created_at`,
  apiKeys: `select id, name, scopes, rate_per_minute as "ratePerMinute", budget_units as "budgetUnits", budget_period as "budgetPeriod",
      created_at as "createdAt", expires_at as "expiresAt", revoked_at as "revokedAt", last_used_at as "lastUsedAt"
    from api_keys where account_id = $1 order by created_at, id`,
  webhooks: `select id, url, kinds, about_me as "aboutMe", state, reason, delivered, created_at as "createdAt"
    from webhooks where account_id = $1 order by created_at, id`,
  tasks: `select id, agent, context_id as context, verb, input, state, task, updated_at as "updatedAt"
    from tasks where account_id = $1 order by updated_at, id`,
  payments: `select id, payer, units, state, tx, refund_units as "refundUnits", refund_tx as "refundTx", stored_at as "at"
    from payments where account_id = $1 order by stored_at, id`,
  conversations: `select platform, chat, session, at from chat_sessions where ${ofCaller} order by at`,
  files: `select platform, name, sha256, at from chat_files where ${ofCaller} order by at`,
}

/** Reads every list of an account's takeout; `tx` holds the state that it is of. */
export const readTakeout = async (
  tx: Db,
  accountId: string,
): Promise<Record<string, Record<string, unknown>[]>> => {
  const lists: Record<string, Record<string, unknown>[]> = {}
  for (const [name, sql] of Object.entries(sources)) lists[name] = await tx.query(sql, [accountId])
  lists.receipts = await tx.query(
    `select id, kind, body as text, signature, key_id as "keyId" from receipts where id = any($1::uuid[]) order by at, id`,
    [await receiptIds(tx, accountId)],
  )
  return lists
}

/** By their ids: looking into every receipt for whose it is would read the whole network's. */
const receiptIds = async (tx: Db, accountId: string): Promise<string[]> => {
  const named = await tx.query<{ id: string }>(
    `select receipt_id as id from answers where account_id = $1 and receipt_id is not null
     union select receipt_id from ballots where account_id = $1`,
    [accountId],
  )
  const submissions = await tx.query<{ id: string }>('select id from submissions where account_id = $1', [
    accountId,
  ])
  const epochs = await tx.query<{ epoch: number }>(
    'select epoch from cumulative_payouts where account_id = $1',
    [accountId],
  )
  return [
    ...named.map(({ id }) => id),
    ...submissions.map(({ id }) => idFrom('submission-receipt', id)),
    ...epochs.map(({ epoch }) => idFrom('payout-receipt', String(epoch), accountId)),
  ]
}
