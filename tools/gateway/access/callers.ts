import { fault } from '../../../infra/errors.ts'
import { checkKey } from '../../api-key-check.ts'
import type { Caller, Network } from '../../context.ts'
import { join } from '../../join.ts'
import { call } from '../../registry.ts'
import { isLocalKey, openLocalKey, sameKey } from './local-key.ts'

/** Who a request comes from, and how much of them is served in a minute. */
export interface Known {
  readonly caller: Caller
  /** Of the key; null: no limit of its own. */
  readonly ratePerMinute: number | null
}

/** What a request shows of its sender. */
export interface Shown {
  readonly authorization: string | undefined
  /** Whom the machine's owner acts as: the person of that name in the terminal. */
  readonly user: string | undefined
  readonly requestId: string
  /** Whether it came by the public address, through the proxy there. */
  readonly fromOutside: boolean
}

/**
 * Returns what finds out who calls: whom the API key speaks for, the operator by the machine's own key, or nobody where no
 * key comes. Throws `key-invalid` and `key-expired`: a wrong key is refused, never overlooked.
 */
export const openCallers = (network: Network): ((shown: Shown) => Promise<Known>) => {
  const localKey = openLocalKey(network.folder)
  return async ({ authorization, user, requestId, fromOutside }) => {
    const came = { surface: 'api', requestId }
    const text = bearer(authorization)
    if (text === null) return { caller: { role: 'anyone', accountId: null, ...came }, ratePerMinute: null }
    if (isLocalKey(text)) {
      if (fromOutside || !sameKey(text, localKey))
        throw invalid('This is not the key of this node’s machine.')
      if (user === undefined)
        return { caller: { role: 'operator', accountId: null, ...came }, ratePerMinute: null }
      const accountId = await terminalAccount(network, nameOf(user))
      return { caller: { role: 'member', accountId, ...came }, ratePerMinute: null }
    }
    const { id, scopes, budgeted, accountId, ratePerMinute } = await checkKey(network, text)
    return { caller: { role: 'member', accountId, key: { id, scopes, budgeted }, ...came }, ratePerMinute }
  }
}

const invalid = (message: string) =>
  fault('key-invalid', message, { fix: 'Send the key as "Authorization: Bearer trib_...".' })

/** The token of an Authorization header; null where there is no header. */
const bearer = (header: string | undefined): string | null => {
  if (header === undefined) return null
  const [, token] = /^bearer +(\S+)$/i.exec(header.trim()) ?? []
  if (token === undefined) throw invalid('The Authorization header holds no bearer token.')
  return token
}

/** A header carries no letters beyond Latin-1: others come percent-encoded. */
const nameOf = (user: string): string => {
  try {
    return decodeURIComponent(user)
  } catch {
    return user
  }
}

/** The account of a person on this machine's terminal, opened where it is new. */
const terminalAccount = async (network: Network, name: string): Promise<string> => {
  const [known] = await network.db.query<{ id: string }>(
    `select account_id as id from identities where platform = 'terminal' and subject = $1`,
    [name],
  )
  if (known !== undefined) return known.id
  const caller: Caller = { role: 'anyone', accountId: null, surface: 'terminal' }
  const input = { name: name.slice(0, 60), platform: 'terminal', subject: name }
  return (await call(network, caller, join, input)).accountId
}
