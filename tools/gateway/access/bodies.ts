import type { Context, MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { fault } from '../../../infra/errors.ts'
import type { Env } from '../gate.ts'

const MIB = 2 ** 20

/** Bytes of a body: a request is short, rows come as files of some megabytes. */
const bytes = { request: MIB, rows: 8 * MIB } as const

/** Where rows come in: verbs as routes and as tools. */
const takesRows = /^\/(api\/verbs\/[a-z-]+|mcp|a2a)(\/|$)/

/** How many bytes a body may have on a path; nobody in particular sends no rows. */
export const bytesFor = (path: string, known: boolean): number =>
  known && takesRows.test(path) ? bytes.rows : bytes.request

const refuse = (most: number) => async (c: Context) => {
  await readAway(c.req.raw)
  throw fault('body-too-large', `This is larger than ${most / MIB} MiB.`, {
    fix: 'Send it in smaller parts.',
  })
}

/** Most senders look for the answer once all is sent, and the connection serves their next request. */
const readAway = async ({ body }: Request): Promise<void> => {
  if (body === null || body.locked) return
  let read = 0
  for await (const chunk of body) {
    read += chunk.length
    if (read > 8 * bytes.rows) return
  }
}

const limits = new Map(
  Object.values(bytes).map(most => [most, bodyLimit({ maxSize: most, onError: refuse(most) })]),
)

/**
 * Refuses a body that is too large before it is read (`body-too-large`), and one that is not JSON
 * (`media-type-unsupported`): a form on a foreign page can send anything else without asking first.
 */
export const guardBody: MiddlewareHandler<Env> = async (c, next) => {
  const { method } = c.req
  if (method === 'GET' || method === 'HEAD') return next()
  const length = c.req.header('content-length')
  const empty = length === '0' || (length === undefined && c.req.header('transfer-encoding') === undefined)
  if (empty) return next()
  const [type = ''] = (c.req.header('content-type') ?? '').split(';')
  if (!/^application\/([\w.-]+\+)?json$/i.test(type.trim()))
    throw fault('media-type-unsupported', 'The body is not declared as JSON.', {
      fix: 'Send it with "content-type: application/json".',
    })
  const limit = limits.get(bytesFor(c.req.path, c.get('caller').role !== 'anyone'))
  return limit?.(c, next)
}
