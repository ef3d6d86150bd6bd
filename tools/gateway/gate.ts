import type { Settings } from '../../infra/env.ts'
import type { Caller, Network } from '../context.ts'
import type { Verb } from '../registry.ts'
import type { Address } from './server.ts'

/** What every part of the gateway works with. */
export interface Gate {
  readonly network: Network
  readonly verbs: readonly Verb[]
  readonly settings: GateSettings
  /** Where the node is reached; known once the server listens, before the first request. */
  address(): Address
  /** Aborted when the node closes: open streams end then. */
  readonly closing: AbortSignal
}

export type GateSettings = Pick<
  Settings,
  'TRIBUTARY_ANONYMOUS_RATE' | 'TRIBUTARY_CORS' | 'X402_FACILITATOR_URL' | 'TRIBUTARY_WEBHOOKS'
>

/** What is known of a request once it has passed the door. */
export interface Env {
  Variables: {
    caller: Caller
    /** Stands in the answer's `x-request-id`, in problem documents and in the log. */
    requestId: string
    /** Aborted when the door has answered in place of who took too long. */
    late?: AbortSignal
  }
}

/** Requests that are for programs, served beside the web page. */
export interface Programs {
  /** Whether a path is one of theirs. */
  owns(path: string): boolean
  fetch(request: Request, bindings?: object): Response | Promise<Response>
}
