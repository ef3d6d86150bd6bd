import { hkdfSync } from 'node:crypto'
import { z } from 'zod'
import type { Db } from '../infra/db.ts'
import { fault } from '../infra/errors.ts'
import { openKeys } from '../infra/keys.ts'
import { isPublicAddress } from '../infra/public-address.ts'

export const webhookLimits = {
  /** Subscriptions of one account that are not dead. */
  perAccount: 20,
  urlCharacters: 2_000,
  kinds: 50,
} as const

/** Where webhooks may go: public https addresses, or anywhere (tests and private networks). */
export type WebhookReach = 'public' | 'anywhere'

const SETTING = 'webhooks'

/** Keeps how far this node's webhooks reach, for `subscribe`. */
export const keepReach = async (db: Db, reach: WebhookReach): Promise<void> => {
  await db.query(
    'insert into settings (key, value) values ($1, $2) on conflict (key) do update set value = excluded.value',
    [SETTING, JSON.stringify(reach)],
  )
}

export const readReach = async (db: Db): Promise<WebhookReach> => {
  const [row] = await db.query<{ value: unknown }>('select value from settings where key = $1', [SETTING])
  return row?.value === 'anywhere' ? 'anywhere' : 'public'
}

/** What of an address can be told without asking DNS: null where it may be sent to. A name's addresses are checked as it is connected. */
export const refusedTarget = (url: URL, reach: WebhookReach): string | null => {
  if (url.username !== '' || url.password !== '') return 'It holds a name or a password.'
  if (reach === 'anywhere') return /^https?:$/.test(url.protocol) ? null : 'It is no http or https address.'
  if (url.protocol !== 'https:') return 'It is no https address.'
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  return isPublicAddress(host) === false ? 'It is no public address.' : null
}

/** An address that events may be sent to. Throws `webhook-refused`. */
export const parseTarget = (text: string, reach: WebhookReach): URL => {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const refused = url === undefined ? 'It is no address.' : refusedTarget(url, reach)
  if (url !== undefined && refused === null) return url
  throw fault('webhook-refused', `Webhooks cannot go there. ${refused}`, {
    fix: 'Give a public https address of yours that takes POST.',
  })
}

/** The secret of a subscription, as Standard Webhooks writes it: it follows from the node's seed and is stored nowhere. */
export const webhookSecret = (folder: string, id: string): string => {
  const bytes = hkdfSync('sha256', openKeys(folder).seed, id, 'tributary/webhook', 32)
  return `whsec_${Buffer.from(bytes).toString('base64')}`
}

export const eventKind = z
  .string()
  .max(60)
  .regex(/^[a-z]+(-[a-z]+)*\.[a-z]+(-[a-z]+)*$/, 'write a kind of event, such as model.released')
