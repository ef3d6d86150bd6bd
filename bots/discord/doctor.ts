import {
  type APIApplication,
  ApplicationFlags,
  type Client,
  PermissionFlagsBits,
  PermissionsBitField,
  type REST,
  Routes,
  type RESTPostAPIApplicationCommandsJSONBody as SlashCommand,
} from 'discord.js'
import type { Chats } from '../../tools/chats.ts'
import { type Finding, finding } from '../chat/finding.ts'
import { readSettings } from '../chat/settings.ts'
import { codeOf } from './faults.ts'
import { intents } from './gateway.ts'
import { areRegistered } from './registration.ts'

export interface DoctorParts {
  readonly client: Client
  readonly commands: readonly SlashCommand[]
  readonly chats: Pick<Chats, 'communities'>
  /** Milliseconds by this machine's clock. */
  now(): number
}

/** What the bot needs where proposals and digests go. */
const needed = {
  'View Channel': PermissionFlagsBits.ViewChannel,
  'Send Messages': PermissionFlagsBits.SendMessages,
  'Send Messages in Threads': PermissionFlagsBits.SendMessagesInThreads,
  'Create Public Threads': PermissionFlagsBits.CreatePublicThreads,
  'Read Message History': PermissionFlagsBits.ReadMessageHistory,
  'Attach Files': PermissionFlagsBits.AttachFiles,
} as const

/** More than this, and what expires by Discord's clock is judged wrongly here. */
const SKEW_MS = 5_000

/** Looks at everything the bot needs on Discord. Never throws: what cannot be looked at is a finding. */
export const examine = async (parts: DoctorParts): Promise<Finding[]> => {
  const { rest } = parts.client
  const application = (await rest.get(Routes.currentApplication()).catch((error: unknown) => error)) as
    | APIApplication
    | Error
  if (application instanceof Error) {
    const refused = codeOf(application) !== null
    return [
      finding(
        false,
        refused ? 'Discord refuses the token.' : 'Discord cannot be reached.',
        refused
          ? 'Put the token of the bot, from the developer portal, into DISCORD_TOKEN.'
          : 'Check the connection of this machine.',
      ),
    ]
  }
  return [
    finding(true, `The token is good; the application is ${application.id}.`, ''),
    connected(parts.client),
    unprivileged(application),
    await registered(rest, application.id, parts.commands),
    await clock(rest, parts.now),
    ...(await channels(parts)),
  ]
}

const connected = (client: Client): Finding =>
  finding(
    client.isReady(),
    client.isReady() ? `Connected with ${intents.length} intents.` : 'The bot is not connected.',
    'Start the bot. Where it does not stay connected, look for discord.disconnected-for-good in its log.',
  )

const unprivileged = ({ flags }: APIApplication): Finding => {
  const privileged =
    ApplicationFlags.GatewayMessageContent |
    ApplicationFlags.GatewayMessageContentLimited |
    ApplicationFlags.GatewayGuildMembers |
    ApplicationFlags.GatewayGuildMembersLimited
  const none = (Number(flags ?? 0) & privileged) === 0
  return finding(
    none,
    none ? 'The bot has no privileged intent.' : 'The bot has privileged intents that it never uses.',
    'Turn Message Content and Server Members off in the developer portal.',
  )
}

const registered = async (rest: REST, id: string, commands: readonly SlashCommand[]): Promise<Finding> => {
  const same = await areRegistered(rest, id, commands).catch(() => false)
  return finding(
    same,
    same
      ? `${commands.length} commands are registered.`
      : 'The registered commands are not those of this program.',
    'Start the bot again: it registers them. If that changes nothing, invite it with the scope applications.commands.',
  )
}

const clock = async (rest: REST, now: () => number): Promise<Finding> => {
  const before = now()
  const response = await rest
    .queueRequest({ fullRoute: Routes.gatewayBot(), method: 'GET' as never, auth: true })
    .catch(() => null)
  const told = Date.parse(response?.headers.get('date') ?? '')
  if (Number.isNaN(told)) return finding(true, 'Discord did not tell the time.', '')
  // The header has whole seconds; the answer was made somewhere between question and answer.
  const skew = Math.max(0, Math.abs(told + 500 - (before + now()) / 2) - 500 - (now() - before) / 2)
  return finding(
    skew < SKEW_MS,
    `This machine's clock is within ${Math.ceil(skew / 1000)} s of Discord's.`,
    'Set the clock of this machine, for example by NTP.',
  )
}

const channels = async ({ client, chats }: DoctorParts): Promise<Finding[]> => {
  const kept = await chats.communities('discord').catch(() => [])
  const findings: Finding[] = []
  for (const { community, settings } of kept) {
    const channelId = readSettings(settings)?.channel
    if (channelId === undefined || channelId === null) continue
    const guild = client.guilds.cache.get(community)
    const channel = guild?.channels.cache.get(channelId)
    if (guild === undefined || channel === undefined) {
      findings.push(
        finding(
          false,
          `The channel ${channelId} of server ${community} is not there.`,
          'Run /setup there again, or invite the bot.',
        ),
      )
      continue
    }
    const me = await guild.members.fetchMe().catch(() => null)
    const may = me === null ? new PermissionsBitField() : channel.permissionsFor(me)
    const lacking = Object.entries(needed).flatMap(([name, bit]) => (may.has(bit) ? [] : [name]))
    findings.push(
      finding(
        lacking.length === 0,
        lacking.length === 0
          ? `The bot may do what it needs in channel ${channelId}.`
          : `The bot lacks permissions in channel ${channelId}: ${lacking.join(', ')}.`,
        'Give the role of the bot these permissions there.',
      ),
    )
  }
  return findings
}
