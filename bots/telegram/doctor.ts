import type { Api } from 'grammy'
import { type Finding, finding } from '../chat/finding.ts'
import type { Menu } from './menu.ts'
import { staleMenus } from './menu.ts'
import { faultOfCall, reasonOf, refusalOf } from './refusal.ts'

export interface DoctorParts {
  readonly api: Api
  readonly apiRoot: string
  readonly menus: readonly Menu[]
  /** The address that updates should come to; undefined where they are polled. */
  readonly webhook: string | undefined
  /** Groups that were set up, by id. */
  readonly communities: readonly string[]
  now(): number
}

/** A press is answered, and a lease held, by the clock: more than this is worth repairing. */
const SKEW_SECONDS = 30
const PATIENCE_MS = 10_000

const fine = (what: string): Finding => finding(true, what, '')
const wrong = (what: string, fix: string): Finding => finding(false, what, fix)

/** Looks at everything that keeps a bot from working on Telegram. Never throws: what cannot be asked is a finding. */
export const examine = async (parts: DoctorParts): Promise<Finding[]> => {
  const { api } = parts
  const me = await api.getMe().catch((error: unknown) => faultOfCall('getMe', error))
  if (me instanceof Error) return [wrong(me.message, me.fix)]
  const looks = [
    async () => [
      fine(`The token is that of @${me.username}.`),
      me.can_join_groups
        ? fine('It may be added to groups.')
        : wrong('It may not be added to groups.', 'Send /setjoingroups to @BotFather and choose Enable.'),
      me.can_read_all_group_messages
        ? wrong(
            'It hears everything that is said in groups (privacy mode is off).',
            'Send /setprivacy to @BotFather and choose Enable: the bot needs only what is said to it.',
          )
        : fine('In groups it hears only what is said to it (privacy mode is on).'),
      me.supports_inline_queries
        ? fine('It can be asked for in any chat (inline mode is on).')
        : wrong(
            'Inline mode is off.',
            'Send /setinline to @BotFather, so that people can call the bot in any chat.',
          ),
    ],
    () => webhookFindings(parts),
    () => menuFindings(parts),
    () => clockFindings(parts),
    ...parts.communities.map(community => () => groupFindings(parts, community, me.id)),
  ]
  const found = await Promise.all(
    looks.map(look =>
      look().catch((error: unknown) => {
        const { message, fix } = faultOfCall('the question', error)
        return [wrong(`${message} (${reasonOf(error)})`, fix)]
      }),
    ),
  )
  return found.flat()
}

const webhookFindings = async ({ api, webhook }: DoctorParts): Promise<Finding[]> => {
  const { url, pending_update_count: pending, last_error_message: last } = await api.getWebhookInfo()
  const waiting =
    pending > 100 ? [wrong(`${pending} updates wait.`, 'See that the node runs and leads.')] : []
  if (webhook === undefined)
    return [
      url === undefined || url === ''
        ? fine('Updates are polled.')
        : wrong(
            'A webhook is set, so that nothing can be polled.',
            'Restart the node: it removes the webhook.',
          ),
      ...waiting,
    ]
  if (url !== webhook)
    return [
      wrong('The webhook has another address than this node.', 'Restart the node: it sets the webhook.'),
    ]
  return [
    last === undefined
      ? fine('The webhook is set.')
      : wrong(
          `The webhook failed lately: ${last.slice(0, 120)}`,
          'See that the address can be reached from outside.',
        ),
    ...waiting,
  ]
}

const menuFindings = async ({ api, menus }: DoctorParts): Promise<Finding[]> => [
  (await staleMenus(api, menus)).length === 0
    ? fine('The menus show all commands.')
    : wrong('The menus do not show the commands of this node.', 'Restart the node: it sets them.'),
]

const clockFindings = async ({ apiRoot, now }: DoctorParts): Promise<Finding[]> => {
  const answer = await fetch(apiRoot, {
    method: 'HEAD',
    redirect: 'manual',
    signal: AbortSignal.timeout(PATIENCE_MS),
  }).catch(() => null)
  const told = Date.parse(answer?.headers.get('date') ?? '')
  if (Number.isNaN(told)) return []
  const seconds = Math.round(Math.abs(now() - told) / 1000)
  return [
    seconds <= SKEW_SECONDS
      ? fine('The clock agrees with Telegram’s.')
      : wrong(`The clock is ${seconds} s off.`, 'Turn on time synchronisation (NTP) on this machine.'),
  ]
}

const groupFindings = async ({ api }: DoctorParts, community: string, me: number): Promise<Finding[]> => {
  try {
    const member = await api.getChatMember(Number(community), me)
    const chat = await api.getChat(Number(community))
    const name = `Group ${community}`
    if (member.status === 'left' || member.status === 'kicked')
      return [wrong(`${name}: the bot is not in it.`, 'Add it again, or send /setup elsewhere.')]
    const silent =
      (member.status === 'restricted' && !member.can_send_messages) ||
      (member.status === 'member' && chat.permissions?.can_send_messages === false)
    if (silent) return [wrong(`${name}: the bot may not write.`, 'Make it an admin, or let members write.')]
    const topics = member.status === 'administrator' && member.can_manage_topics === true
    if ('is_forum' in chat && chat.is_forum === true && !topics)
      return [
        wrong(
          `${name}: the bot may not open topics for proposals.`,
          'Make it an admin who may manage topics.',
        ),
      ]
    return [fine(`${name}: the bot may write.`)]
  } catch (error) {
    if (refusalOf(error) === 'unknown') throw error
    return [wrong(`Group ${community} cannot be reached.`, 'Add the bot again, or send /setup elsewhere.')]
  }
}
