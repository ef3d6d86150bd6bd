import { randomUUID } from 'node:crypto'
import type { Context } from 'hono'
import type { z } from 'zod'
import { fault } from '../../infra/errors.ts'
import { type CallOptions, call, type Verb } from '../../tools/registry.ts'
import { inputFault } from '../commands.ts'
import { english } from '../sentences.ts'
import { type Bot, openSession, type Session } from '../session.ts'
import type { Assets } from './assets.ts'
import type { Env, Visitor, Visitors } from './visitors.ts'

/** What every page works with. */
export interface Site {
  readonly bot: Bot
  readonly visitors: Visitors
  readonly assets: Assets
  /** Aborted when the page closes: open streams end then. */
  readonly closing: AbortSignal
  /** Milliseconds between two looks at what a live page shows. */
  readonly pollMs: number
  /** Calls a verb by name, typed as that verb: `site.use<typeof status>(visitor, 'status', {})`. Throws `not-here` and what the verb throws. */
  use<V extends Verb>(
    visitor: Visitor,
    name: string,
    input: z.input<V['input']>,
    options?: CallOptions,
  ): Promise<z.output<V['output']>>
  /** The visitor's conversation in the chat. */
  session(visitor: Visitor): Session
}

/** Conversations kept at once; the longest unused one is forgotten first. */
const SESSIONS = 500

export const openSite = (parts: Omit<Site, 'use' | 'session'>): Site => {
  const sessions = new Map<string, Session>()
  return {
    ...parts,
    use: async (visitor, name, input, options) => {
      const verb = parts.bot.verb(name)
      if (verb === undefined)
        throw fault('not-here', `This node has no verb "${name}".`, {
          fix: 'Use a node that has it.',
          blame: 'operator',
        })
      const wrong = inputFault(verb, input, english)
      if (wrong !== null)
        throw fault('input-invalid', english.invalidInput(wrong), { fix: 'Correct it and send it again.' })
      return call(parts.bot.network, visitor.caller, verb, input, options) as Promise<never>
    },
    session: visitor => {
      const key = visitor.accountId ?? visitor.subject
      const session = sessions.get(key) ?? openSession(visitor.caller, visitor.name ?? 'Guest')
      sessions.delete(key)
      sessions.set(key, session)
      for (const oldest of sessions.keys()) {
        if (sessions.size <= SESSIONS) break
        sessions.delete(oldest)
      }
      return session
    },
  }
}

/** A form that was sent: its visitor has an account, and its token is theirs. */
export interface Form {
  readonly visitor: Visitor
  /** The form's idempotency key: sent twice, it changes things once. */
  readonly key: string
  /** A field's text; empty where it is absent. */
  text(name: string): string
  file(name: string): File | null
}

/** Reads a form, checks its token and opens the visitor's account where needed. Throws `form-foreign`. */
export const readForm = async (site: Site, c: Context<Env>): Promise<Form> => {
  const body = await c.req.parseBody()
  site.visitors.checkToken(c.get('visitor'), body._csrf)
  const visitor = await site.visitors.join(
    c,
    typeof body.visitorName === 'string' ? body.visitorName : undefined,
  )
  const key = body._key
  return {
    visitor,
    key: typeof key === 'string' && /^[0-9a-f-]{36}$/.test(key) ? key : randomUUID(),
    text: name => {
      const value = body[name]
      return typeof value === 'string' ? value.replace(/\r\n/g, '\n') : ''
    },
    file: name => {
      const value = body[name]
      return value instanceof File && value.size > 0 ? value : null
    },
  }
}
