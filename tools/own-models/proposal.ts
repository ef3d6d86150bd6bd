import { canonicalJson, sha256Hex } from '../../infra/canonical.ts'
import type { Db } from '../../infra/db.ts'
import { fault } from '../../infra/errors.ts'
import { idFrom } from '../../infra/ids.ts'
import { formatUnits } from '../../infra/units.ts'
import type { Context } from '../context.ts'
import { record } from '../record.ts'
import { defaultSplit, type Terms } from '../terms.ts'

/** Where a model that came by no vote comes from. */
export type Origin = 'own' | 'imported'

/** What has to be said of such a model when its first version is made. */
export interface Wanted {
  readonly name: string
  readonly origin: Origin
  readonly accountId: string
  readonly purpose: string | undefined
  /** Units a question; where absent, what it has, or nothing for a new one. */
  readonly price: bigint | undefined
  readonly licences: readonly string[]
  readonly rows: number
  readonly evaluation: { readonly blob: string; readonly rows: number }
}

/** Percent that an own model's held-out loss has to lie under the base's: less is no better than the base. */
export const leastImprovement = 1

/** The account that a model belongs to: the one named, the caller's, or the operator's. Throws `account-unknown`. */
export const ownerOf = async (context: Context, named: string | undefined): Promise<string> => {
  const wanted = named ?? context.caller.accountId
  const [account] = await context.db.query<{ id: string }>(
    `select id from accounts where erased_at is null and ($1::text is null and role = 'operator' or id::text = $1) order by created_at limit 1`,
    [wanted],
  )
  if (account === undefined)
    throw fault('account-unknown', 'This account does not exist.', { fix: 'Join first, and pass its id.' })
  return account.id
}

/** The proposal that a model's versions belong to: the one of that name, or a new one with its event. Throws `name-taken` and `price-fixed`. */
export const openOwn = async (context: Context, tx: Db, wanted: Wanted): Promise<string> => {
  const { name, origin, accountId } = wanted
  const [known] = await tx.query<{ id: string; origin: string; proposer_id: string; price_units: bigint }>(
    'select id, origin, proposer_id, price_units from proposals where name = $1 for update',
    [name],
  )
  if (known === undefined) return insertOwn(context, tx, wanted)
  if (known.origin !== origin || known.proposer_id !== accountId)
    throw fault('name-taken', `A model named "${name}" exists already, and this is no new version of it.`, {
      fix: 'Choose another name.',
    })
  if (wanted.price !== undefined && wanted.price !== known.price_units)
    throw fault('price-fixed', `"${name}" costs ${formatUnits(known.price_units)} tokens a question.`, {
      fix: 'Leave the price out, or choose another name.',
    })
  return known.id
}

const insertOwn = async (context: Context, tx: Db, wanted: Wanted): Promise<string> => {
  const { name, origin, accountId, evaluation } = wanted
  const id = idFrom('proposal', context.key)
  const price = wanted.price ?? 0n
  const fixed: Terms = {
    name,
    purpose: wanted.purpose ?? `Answers what its owner's rows for ${name} are about.`,
    base: { name: context.engine.base.name, hash: context.engine.base.hash },
    dataWanted: 'Rows that its owner brings.',
    licences: [...wanted.licences],
    rowsWanted: Math.max(10, wanted.rows),
    evaluation: { ...evaluation, minimumImprovement: leastImprovement },
    split: defaultSplit,
    priceUnits: price.toString(),
    bondUnits: '0',
  }
  const termsHash = sha256Hex(canonicalJson(fixed))
  const now = context.clock.now()
  await tx.query(
    `insert into proposals (id, name, proposer_id, state, origin, terms, terms_hash, evaluation_blob, bond_units, price_units, closes_at, bond_tx, created_at)
     values ($1, $2, $3, 'tuning', $4, $5, $6, $7, 0, $8, $9, '', $9)`,
    [id, name, accountId, origin, JSON.stringify(fixed), termsHash, evaluation.blob, price, now],
  )
  await record(context, tx, 'model.opened', id, { origin, account: accountId, termsHash, priceUnits: price })
  return id
}
