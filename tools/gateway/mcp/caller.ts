import type { AuthInfo, ServerContext } from '@modelcontextprotocol/server'
import { newId } from '../../../infra/ids.ts'
import type { Caller } from '../../context.ts'
import { checkIdempotencyKey } from '../access/idempotency.ts'

/** Who calls, by what, from where, and under which number the door knows the request. */
export interface Request {
  readonly caller: Caller
  readonly requestId: string
  readonly from: string
}

/** Tells callers apart without telling who they are: sessions and confirmations belong to one. */
export const identityOf = ({ role, accountId, key }: Caller): string =>
  [role, accountId ?? '', key?.id ?? ''].join('/')

/** Whose sessions and streams these are: nobody's belong to the address that they come from. */
export const ownerOf = ({ caller, from }: Request): string =>
  caller.role === 'anyone' ? `anyone/${from}` : identityOf(caller)

/** The SDK hands this to every handler of the request; the door has checked the key already. */
export const authOf = (request: Request): AuthInfo => ({
  token: '',
  clientId: identityOf(request.caller),
  scopes: [...(request.caller.key?.scopes ?? [])],
  extra: { request },
})

/** What the door knows of the request, undefined on a transport without one (stdio). */
export const requestOf = (auth: AuthInfo | undefined): Request | undefined =>
  auth?.extra?.request as Request | undefined

/** Whom a handler works for: who sent this very request, else whose process this is. */
export const callerOf = (context: ServerContext, own: Caller): Caller =>
  requestOf(context.http?.authInfo)?.caller ?? own

const named = 'tributary/idempotency-key'

/** The idempotency key of a tool call: the one that the client names, else this request's alone. Throws `input-invalid`. */
export const keyOf = ({ mcpReq, http }: ServerContext): string => {
  const given = mcpReq._meta?.[named]
  if (typeof given !== 'string' || given === '') return requestOf(http?.authInfo)?.requestId ?? newId()
  checkIdempotencyKey(given)
  return given
}
