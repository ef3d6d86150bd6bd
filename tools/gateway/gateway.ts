import { Hono } from 'hono'
import { requestId } from 'hono/request-id'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { fault } from '../../infra/errors.ts'
import type { Network } from '../context.ts'
import type { Verb } from '../registry.ts'
import { a2aRoutes } from './a2a.ts'
import { access } from './access.ts'
import { headersOf, problemOf, toldOf } from './faults.ts'
import type { Env, Gate, GateSettings, Programs } from './gate.ts'
import { mcpRoutes } from './mcp.ts'
import { openaiRoutes } from './openai.ts'
import { restRoutes } from './rest.ts'
import type { Address } from './server.ts'

export interface Gateway extends Programs {
  /** Told where the server listens, before the first request. */
  opened(address: Address): Promise<void>
  close(): Promise<void>
}

/** Paths of programs; all others are the web page's. */
const own = /^\/(v1|mcp|a2a|api|openapi\.json|\.well-known)(\/|$)/

/** Everything that programs reach: OpenAI's API, MCP, A2A and REST, behind one door. */
export const openGateway = async (
  network: Network,
  verbs: readonly Verb[],
  settings: GateSettings,
): Promise<Gateway> => {
  const closing = new AbortController()
  let address: Address | undefined
  const gate: Gate = {
    network,
    verbs,
    settings,
    closing: closing.signal,
    address: () => {
      if (address === undefined) throw new Error('The gateway was asked before its server listened.')
      return address
    },
  }
  const app = createApp(gate)
  return {
    owns: path => own.test(path),
    fetch: (request, bindings) => app.fetch(request, bindings),
    opened: async at => {
      address = at
    },
    close: async () => closing.abort(),
  }
}

const createApp = (gate: Gate): Hono<Env> => {
  const app = new Hono<Env>()
  app.use(requestId())
  app.use(access(gate))
  for (const part of [openaiRoutes, mcpRoutes, a2aRoutes, restRoutes]) app.route('/', part(gate))
  app.notFound(() => {
    throw fault('route-unknown', 'There is no such route.', { fix: 'Look at /openapi.json.' })
  })
  app.onError((error, c) => {
    const told = toldOf(error, gate.network.log, c.get('requestId'))
    const body = JSON.stringify(problemOf(told, c.get('requestId')))
    return c.body(body, told.status as ContentfulStatusCode, {
      'content-type': 'application/problem+json',
      ...headersOf(told),
    })
  })
  return app
}
