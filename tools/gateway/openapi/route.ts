import { Hono } from 'hono'
import { mayCall } from '../../registry.ts'
import type { Env, Gate } from '../gate.ts'
import { isSold } from '../rest/served.ts'
import { openapiDocument } from './document.ts'

/** GET /openapi.json: all verbs, or with `?mine` those that the caller may call or pay for. */
export const documentRoutes = (gate: Gate): Hono<Env> => {
  let text: string | undefined
  const documentOf = (verbs: Gate['verbs']): string =>
    JSON.stringify(openapiDocument(verbs, gate.address().url.replace(/\/$/, '')))
  return new Hono<Env>().get('/openapi.json', c => {
    const type = { 'content-type': 'application/json' }
    if (c.req.query('mine') === undefined) {
      text ??= documentOf(gate.verbs)
      return c.body(text, 200, { ...type, 'cache-control': 'public, max-age=300' })
    }
    const caller = c.get('caller')
    const own = gate.verbs.filter(verb => mayCall(verb, caller) || (caller.role === 'anyone' && isSold(verb)))
    return c.body(documentOf(own), 200, { ...type, 'cache-control': 'no-store' })
  })
}
