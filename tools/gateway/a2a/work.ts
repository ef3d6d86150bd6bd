import { ServerCallContext } from '@a2a-js/sdk/server'
import { newId } from '../../../infra/ids.ts'
import type { Caller } from '../../context.ts'
import type { Verb } from '../../registry.ts'

/** What a message asks an agent to do: to say something, or to call a verb. */
export type Act =
  | { readonly kind: 'say'; readonly text: string | undefined; readonly data: unknown }
  | {
      readonly kind: 'call'
      readonly verb: Verb
      readonly input: unknown
      /** Whether a caller without an account may pay for it. */
      readonly priced: boolean
      /** Whether the task lasts until what the verb shows has ended. */
      readonly follow: boolean
    }

/** One request to one agent: whose it is, and what it wants done where it is a message. */
export interface Work {
  readonly agent: string
  readonly caller: Caller
  readonly requestId: string
  /** The idempotency key of the verb's call. */
  readonly key: string
  readonly act?: Act
}

/** Whose the tasks of a caller are; undefined where nobody could ever show that they are theirs. */
export const ownerOf = ({ caller }: Work): { readonly accountId: string | null } | undefined =>
  caller.accountId !== null
    ? { accountId: caller.accountId }
    : caller.role === 'operator'
      ? { accountId: null }
      : undefined

const works = new WeakMap<ServerCallContext, Work>()

/** The SDK's context of a request, with the work beside it. The name keeps running tasks of different callers apart. */
export const contextFor = (work: Work): ServerCallContext => {
  const owner = ownerOf(work)
  const name = owner === undefined ? `anyone/${newId()}` : (owner.accountId ?? 'operator')
  const context = new ServerCallContext({
    user: { isAuthenticated: owner !== undefined, userName: name },
    requestedVersion: '1.0',
  })
  works.set(context, work)
  return context
}

export const workOf = (context: ServerCallContext): Work => {
  const work = works.get(context)
  if (work === undefined) throw new Error('A context of no request of ours.')
  return work
}
