import { Hono } from 'hono'
import { canonicalJson, sha256Hex } from '../../../infra/canonical.ts'
import { fault } from '../../../infra/errors.ts'
import type { Caller } from '../../context.ts'
import { call, mayCall, type Verb } from '../../registry.ts'
import type { Env, Gate } from '../gate.ts'
import { priced } from '../priced.ts'
import { checkInput, readBody, readQuery } from './input.ts'
import { nextPage } from './pages.ts'
import { isSold, methodsOf } from './served.ts'

/** POST of any verb with its input as JSON, and GET of those that read. */
export const verbRoutes = (gate: Gate): Hono<Env> => {
  const byName = new Map(gate.verbs.map(verb => [verb.name, verb]))
  const app = new Hono<Env>()
  app.all('/api/verbs/:name', async c => {
    const verb = byName.get(c.req.param('name'))
    if (verb === undefined)
      throw fault('verb-unknown', 'There is no such verb.', { fix: 'Look at /openapi.json.' })
    const methods = methodsOf(verb)
    if (!methods.includes(c.req.method)) {
      c.header('allow', methods.join(', '))
      throw fault('method-unknown', `"${verb.name}" is called by ${methods.join(' or ')}.`, {
        fix: `Send it as ${methods.at(-1)}.`,
      })
    }
    const caller: Caller = { ...c.get('caller'), surface: 'api' }
    const sold = caller.accountId === null && caller.role === 'anyone' && isSold(verb)
    if (!sold) admit(verb, caller)
    const key = c.req.header('idempotency-key')
    const input = c.req.method === 'POST' ? await readBody(c) : readQuery(c, verb)
    // Who may not call it hears that first.
    if (sold || mayCall(verb, caller)) checkInput(verb, input)
    const answer = async (who: Caller, as: string | undefined): Promise<Response> => {
      // A caller that hangs up does not stop a call: its result is had by the same key.
      const output = await call(gate.network, who, verb, input, as === undefined ? {} : { key: as })
      const next = c.req.method === 'POST' ? undefined : nextPage(c.req.url, verb, output)
      if (next !== undefined) c.header('link', next)
      if (key !== undefined) c.header('idempotency-key', key)
      c.header('cache-control', 'no-store')
      return c.json(output as object)
    }
    if (!sold) return answer(caller, key)
    const order = {
      units: (await verb.cost?.(gate.network, caller, verb.input.parse(input))) ?? 0n,
      description: verb.summary,
      requestHash: sha256Hex(canonicalJson({ verb: verb.name, input })),
    }
    return priced(gate, c, order, payer => answer({ ...payer.caller, surface: 'api' }, payer.key))
  })
  return app
}

/** Throws `key-missing` where a key could help; the rest is refused by the call itself. */
const admit = (verb: Verb, caller: Caller): void => {
  if (caller.role === 'anyone' && verb.bySurface !== true && !mayCall(verb, caller))
    throw fault('key-missing', `"${verb.name}" needs to know who calls.`, {
      fix: 'Send an API key as a bearer token.',
    })
}
