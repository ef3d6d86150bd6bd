import { Hono } from 'hono'
import type { Env, Gate } from './gate.ts'
import { documentRoutes } from './openapi/route.ts'
import { verbRoutes } from './rest/verbs.ts'
import { streamRoutes } from './sse/routes.ts'

/** Every verb as a route, streams of what changes, and the document that tells of them all. */
export const restRoutes = (gate: Gate): Hono<Env> => {
  const app = new Hono<Env>()
  for (const part of [verbRoutes, streamRoutes, documentRoutes]) app.route('/', part(gate))
  return app
}
