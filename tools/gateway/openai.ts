import { type Context, Hono } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { fault } from '../../infra/errors.ts'
import { toldOf } from './faults.ts'
import type { Env, Gate } from './gate.ts'
import { chatCompletions } from './openai/chat.ts'
import { completions } from './openai/completions.ts'
import { embeddings } from './openai/embeddings.ts'
import { openaiErrorOf, openaiRefusal } from './openai/errors.ts'
import { listModels, oneModel } from './openai/models.ts'
import { responses } from './openai/responses.ts'

type Handler = (gate: Gate, c: Context<Env>) => Promise<Response>

const routes: readonly (readonly [method: string, path: string, handler: Handler])[] = [
  ['GET', '/v1/models', listModels],
  // A model's name may hold slashes, and clients encode it or not.
  ['GET', '/v1/models/:id{.+}', oneModel],
  ['POST', '/v1/chat/completions', chatCompletions],
  ['POST', '/v1/completions', completions],
  ['POST', '/v1/embeddings', embeddings],
  ['POST', '/v1/responses', responses],
]

/** OpenAI's API over the network's models, as its clients know it. Everything under /v1 is refused in OpenAI's shape. */
export const openaiRoutes = (gate: Gate): Hono<Env> => {
  const app = new Hono<Env>()
  app.use('/v1/*', async (c, next) => {
    c.set('caller', { ...c.get('caller'), surface: 'openai' })
    await next()
  })
  for (const [method, path, handler] of routes)
    app.on(method, path, async c => shaped(await handler(gate, c)))
  app.all('/v1/*', c => {
    const known = routes.some(([, path]) => path === c.req.path)
    throw known
      ? fault('method-unknown', `${c.req.path} does not take ${c.req.method}.`, {
          fix: 'Use another method.',
        })
      : fault('route-unknown', `There is no ${c.req.method} ${c.req.path}.`, { fix: 'Look at the README.' })
  })
  app.onError((error, c) => openaiFault(gate, c, error))
  return app
}

/** Tells any error as OpenAI's API would. */
export const openaiFault = (gate: Gate, c: Context<Env>, error: unknown): Response => {
  const told = toldOf(error, gate.network.log, c.get('requestId'))
  const { body, status, headers } = openaiRefusal(error, told)
  // Named before the answer was given, which now is not.
  c.header('x-tributary-receipt', undefined)
  return c.body(body, status as ContentfulStatusCode, headers)
}

/** Terms of a payment are a refusal too: OpenAI's `error` stands beside them. */
const shaped = async (response: Response): Promise<Response> => {
  if (response.status !== 402) return response
  const terms = (await response.json()) as { code?: string; message?: string; fix?: string }
  const told = {
    status: 402,
    code: terms.code ?? 'payment_required',
    message: terms.message ?? 'A payment is required.',
    fix: terms.fix ?? '',
    retry: false,
    retryAfter: null,
  }
  const error = { ...openaiErrorOf(null, told), type: 'insufficient_quota' }
  const headers = new Headers(response.headers)
  headers.set('x-should-retry', 'false')
  return new Response(JSON.stringify({ ...terms, error }), { status: 402, headers })
}
