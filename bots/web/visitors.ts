import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Context } from 'hono'
import { getCookie, setCookie } from 'hono/cookie'
import { fault, isFault } from '../../infra/errors.ts'
import type { Caller } from '../../tools/context.ts'
import type { join as joinVerb } from '../../tools/join.ts'
import { speaksFor } from '../../tools/person.ts'
import { call } from '../../tools/registry.ts'
import { openSecretFile } from '../../tools/secret-file.ts'
import type { Bot } from '../session.ts'

/** Who looks at a page. A browser is a subject from its first request, and an account from the first thing it does. */
export interface Visitor {
  readonly subject: string
  readonly accountId: string | null
  readonly name: string | null
  readonly caller: Caller
  /** Stands in every form of this visitor; a form from elsewhere cannot know it. */
  readonly csrf: string
}

export type Env = { Variables: { visitor: Visitor } }

export interface Visitors {
  /**
   * Reads the cookie, and gives a new subject where it is absent or not signed by this node. Where its account was linked
   * to another one, the visitor is that one from now on.
   */
  visit(c: Context<Env>): Promise<Visitor>
  /** The visitor with an account, opened now under the platform `web` where there was none. */
  join(c: Context<Env>, name?: string): Promise<Visitor>
  /** Throws `form-foreign` unless the token is the visitor's. */
  checkToken(visitor: Visitor, token: unknown): void
}

const COOKIE = 'tributary'
const YEAR_SECONDS = 31_536_000

interface Told {
  readonly s: string
  readonly a: string | null
  readonly n: string | null
}

/** The key of the cookies: 32 random bytes in a file, so that a restart keeps everybody's account. */
export const openCookieKey = (folder: string): Buffer =>
  openSecretFile(folder, 'web-cookie', () => randomBytes(32))

/** Opens the visitors of a node. The cookie is a signed record of subject, account and name; nothing of it is secret to its owner. `secure`: it is sent over TLS only. */
export const openVisitors = (bot: Bot, key: Uint8Array, secure = false): Visitors => {
  const sign = (purpose: string, text: string) =>
    createHmac('sha256', key).update(`${purpose}\n${text}`).digest('base64url')

  const visitorOf = ({ s, a, n }: Told): Visitor => ({
    subject: s,
    accountId: a,
    name: n,
    caller: { role: a === null ? 'anyone' : 'member', accountId: a, surface: 'web' },
    csrf: sign('form', s),
  })

  const keep = (c: Context<Env>, told: Told): Visitor => {
    const text = Buffer.from(JSON.stringify(told)).toString('base64url')
    setCookie(c, COOKIE, `${text}.${sign('cookie', text)}`, {
      httpOnly: true,
      secure,
      // Lax: with Strict, following a link from elsewhere would arrive without the cookie and lose the account.
      sameSite: 'Lax',
      path: '/',
      maxAge: YEAR_SECONDS,
    })
    const visitor = visitorOf(told)
    c.set('visitor', visitor)
    return visitor
  }

  return {
    visit: async c => {
      const told = readCookie(getCookie(c, COOKIE), text => sign('cookie', text))
      if (told === null) return keep(c, { s: randomBytes(18).toString('base64url'), a: null, n: null })
      const current = told.a === null ? null : await speaksFor(bot.network.db, told.a)
      if (current !== told.a) return keep(c, { ...told, a: current })
      const visitor = visitorOf(told)
      c.set('visitor', visitor)
      return visitor
    },
    join: async (c, name) => {
      const visitor = c.get('visitor')
      if (visitor.accountId !== null) return visitor
      const verb = bot.verb('join')
      if (verb === undefined)
        throw fault('not-here', 'This node opens no accounts.', {
          fix: 'Use another node.',
          blame: 'operator',
        })
      const chosen = name?.trim() || `Guest ${visitor.subject.slice(0, 4)}`
      const joined = (await call(bot.network, visitor.caller, verb, {
        name: chosen,
        platform: 'web',
        subject: visitor.subject,
      })) as Awaited<ReturnType<(typeof joinVerb)['run']>>
      return keep(c, { s: visitor.subject, a: joined.accountId, n: joined.name ?? chosen })
    },
    checkToken: (visitor, token) => {
      if (typeof token === 'string' && same(token, visitor.csrf)) return
      throw fault('form-foreign', 'This form does not belong to your session.', {
        fix: 'Reload the page and send it again.',
      })
    },
  }
}

const same = (a: string, b: string): boolean =>
  a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b))

const readCookie = (cookie: string | undefined, sign: (text: string) => string): Told | null => {
  const [text = '', signature = ''] = cookie?.split('.') ?? []
  if (text === '' || !/^[\w-]+$/.test(signature) || !same(signature, sign(text))) return null
  return JSON.parse(Buffer.from(text, 'base64url').toString()) as Told
}

/** Whether an error says that the cookie's account is gone, as after an operator restored an older backup. */
export const accountGone = (error: unknown): boolean => isFault(error, 'account-unknown')
