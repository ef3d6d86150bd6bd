import { type JsonWebKey, randomUUID } from 'node:crypto'
import { type Answer, type AskOptions, askStreaming } from './asking.ts'
import { type EventsOptions, type LedgerEvent, ledgerEvents } from './following.ts'
import { type Fetch, type LineOptions, readJson, send, waiting } from './line.ts'
import { type Offer, offersOf, type PayWith, payer } from './pay.ts'
import { type Proof, publicKeyOf } from './proof.ts'
import { type Described, describedBy } from './tools.ts'
import type { VerbInput, VerbName, VerbOutput } from './types.ts'

export interface ClientOptions {
  /** The node's address, such as http://127.0.0.1:4380. */
  readonly url: string
  /** `trib_...`; without one, only what anybody may is allowed, and what is paid by x402. */
  readonly apiKey?: string | undefined
  /** With the local key of the node's own machine: the member to act as. The operator without it. */
  readonly user?: string | undefined
  /** Pays by x402 what no key pays for. */
  readonly payWith?: PayWith | undefined
  /** Milliseconds without a sign of life after which an attempt is given up; 120,000. */
  readonly timeoutMs?: number
  /** Attempts in all; 4. */
  readonly tries?: number
  readonly fetch?: Fetch
  /** Waits between attempts. */
  readonly wait?: LineOptions['wait']
}

export interface CallOptions {
  /** The same key with the same input gives the first call's result and changes nothing. Default: a new one. */
  readonly idempotencyKey?: string
  readonly signal?: AbortSignal | undefined
}

/**
 * Talks to a node: every verb by its name, typed by the verb. All errors are `TributaryError`s with the node's code, message
 * and fix; `node-unreachable` where no attempt was answered. What can pass is tried again, with the same key: nothing is
 * done or paid twice.
 */
export class TributaryClient {
  /** With a slash at the end. */
  readonly url: string
  readonly #line: LineOptions
  readonly #may: (verb: Described) => boolean

  constructor(options: ClientOptions) {
    const { apiKey, user, payWith } = options
    this.url = new URL('./', `${options.url}/`.replace(/\/+$/, '/')).href
    this.#line = {
      url: this.url,
      headers: {
        ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
        ...(user === undefined ? {} : { 'tributary-user': encodeURIComponent(user) }),
      },
      fetch: options.fetch ?? ((url, init) => fetch(url, init)),
      timeoutMs: options.timeoutMs ?? 120_000,
      tries: options.tries ?? 4,
      wait: options.wait ?? waiting,
      pay: payWith === undefined ? undefined : payer(payWith),
      payments: new Map(),
    }
    const role = roleOf(options)
    this.#may = ({ who, sold }) =>
      who.includes('anyone') || who.includes(role) || (sold && payWith !== undefined)
  }

  /** Calls a verb. Throws what the verb throws. */
  call<N extends VerbName>(
    name: N,
    input: VerbInput<N>,
    { idempotencyKey = randomUUID(), signal }: CallOptions = {},
  ): Promise<VerbOutput<N>> {
    const request = { path: `api/verbs/${name}`, body: input, key: idempotencyKey, signal }
    return send(this.#line, request, response => readJson<VerbOutput<N>>(this.url, response))
  }

  /** Asks a released model; `onText` hears the answer piece by piece. */
  ask(model: string, question: string, options: AskOptions = {}): Promise<Answer> {
    return askStreaming(this.#line, { model, question }, options)
  }

  /** The released models with their cards, newest first. */
  async models(model?: string): Promise<VerbOutput<'models'>['models']> {
    return (await this.call('models', model === undefined ? {} : { model })).models
  }

  /** What a question costs a stranger who pays by x402: no key is sent, nothing is paid. Empty where nobody can pay so. */
  async price(model: string, question: string): Promise<Offer[]> {
    const response = await this.#line.fetch(`${this.url}api/verbs/ask`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model, question }),
      redirect: 'error',
      signal: AbortSignal.timeout(this.#line.timeoutMs),
    })
    await response.body?.cancel()
    return response.status === 402 ? offersOf(response.headers) : []
  }

  /** A receipt with everything that proves it; see `verify`. */
  async proof(receipt: string): Promise<Proof> {
    const shown = await this.call('receipt', { receipt })
    const event = shown.event === null ? null : await this.call('event', { seq: Number(shown.event.seq) })
    return { receipt: shown, event }
  }

  /** The key that the node signs receipts with, as SPKI PEM, by its name in them. Keep it: see `verify`. */
  async publicKey(keyId?: string): Promise<string> {
    const { keys } = await this.get<{ keys: readonly JsonWebKey[] }>('.well-known/jwks.json')
    return publicKeyOf(keys, keyId)
  }

  /** Events of the public ledger as they happen, from the newest on or from `after`; it goes on after a lost connection. */
  events(options: EventsOptions = {}): AsyncGenerator<LedgerEvent> {
    return ledgerEvents(this.#line, options)
  }

  /** The verbs that this caller may call, or pay for, as the node describes them. */
  verbs(): Promise<Described[]> {
    return send(this.#line, { path: 'openapi.json?mine' }, async response =>
      describedBy(await readJson(this.url, response)).filter(this.#may),
    )
  }

  /** GET of any path of the node, as JSON. */
  get<T>(path: string, signal?: AbortSignal): Promise<T> {
    return send(this.#line, { path, signal }, response => readJson<T>(this.url, response))
  }
}

const roleOf = ({ apiKey, user }: ClientOptions): string => {
  if (apiKey === undefined) return 'anyone'
  return apiKey.startsWith('trib_local_') && user === undefined ? 'operator' : 'member'
}
