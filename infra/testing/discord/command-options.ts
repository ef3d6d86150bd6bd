import { type APIApplicationCommand, ApplicationCommandOptionType as Kind } from 'discord-api-types/v10'
import { fault } from '../../errors.ts'
import { apiChannel, apiMember, apiRole, permissionsOf } from './encode.ts'
import type { OptionBody } from './limits-commands.ts'
import { store } from './messages.ts'
import type { ChannelState, World } from './world.ts'

export interface FakeFile {
  readonly name: string
  readonly content: string | Uint8Array
  /** Media type; `application/octet-stream` unless said. */
  readonly type?: string
}

/** What a person gives for an option: a file for an attachment, the id for a person, role or channel. */
export type OptionValue = string | number | boolean | FakeFile

export interface Filled {
  readonly options: unknown[]
  readonly resolved: Record<string, Record<string, unknown>>
}

export const misuse = (message: string, fix: string) => fault('not-possible-in-discord', message, { fix })

/** The files of a message or form as the client uploads them. */
export const uploads = (files: readonly FakeFile[]) =>
  files.map(({ name, content, type }, index) => ({
    field: `files[${index}]`,
    name,
    type: type ?? 'application/octet-stream',
    bytes: new Uint8Array(Buffer.from(content)),
  }))

/** Finds a registered command that a person sees in a channel: the server's own first, then the global ones. */
export const commandFor = (
  world: World,
  channel: ChannelState,
  person: string,
  name: string,
  type: number,
): APIApplicationCommand => {
  const scopes = [channel.guildId ?? '', 'global'].map(scope => world.commands.get(scope) ?? [])
  const found = scopes.flat().find(command => command.name === name && command.type === type)
  if (found === undefined) throw misuse(`There is no command ${name}.`, 'Let the bot register it first.')
  const needed = found.default_member_permissions
  const guild = world.guilds.get(channel.guildId ?? '')
  const may = guild === undefined ? 0n : permissionsOf(guild, person)
  if (guild !== undefined && needed != null && (may & BigInt(needed)) !== BigInt(needed))
    throw misuse(`The command ${name} is not shown to this person.`, 'Make the person an admin.')
  return found
}

/**
 * Fills a command's options as the client would: checks what it checks (required, choices, lengths), nests subcommands, and
 * describes files, people, roles and channels in `resolved`. `focused` is the option being typed for an autocomplete.
 */
export const fillOptions = (
  world: World,
  channel: ChannelState,
  wanted: readonly OptionBody[],
  path: readonly string[],
  values: Readonly<Record<string, OptionValue>>,
  focused?: string,
): Filled => {
  const resolved: Filled['resolved'] = {}
  const sub = wanted.find(({ name, type }) => type <= Kind.SubcommandGroup && name === path[0])
  if (sub !== undefined) {
    const inner = fillOptions(world, channel, sub.options ?? [], path.slice(1), values, focused)
    return { options: [{ name: sub.name, type: sub.type, options: inner.options }], resolved: inner.resolved }
  }
  for (const name of Object.keys(values))
    if (!wanted.some(option => option.name === name))
      throw misuse(`The command has no option ${name}.`, 'Use one that it has.')
  const options = wanted.flatMap(option => {
    const value = values[option.name]
    if (value === undefined) {
      if (option.required === true && focused === undefined)
        throw misuse(`The option ${option.name} is required.`, 'Give it.')
      return []
    }
    const typing = option.name === focused
    if (!typing) checkValue(option, value)
    const told = typeof value === 'object' ? attach(world, channel, value, resolved) : value
    if (typeof told === 'string') resolve(world, channel, option.type, told, resolved)
    return [{ name: option.name, type: option.type, value: told, ...(typing ? { focused: true } : {}) }]
  })
  return { options, resolved }
}

const checkValue = (option: OptionBody, value: OptionValue): void => {
  const bad = (why: string) =>
    misuse(`The option ${option.name} ${why}.`, 'Give a value that the client lets through.')
  const choices = option.choices ?? []
  if (choices.length > 0 && !choices.some(choice => choice.value === value)) throw bad('has no such choice')
  if (option.type === Kind.String && typeof value !== 'string') throw bad('is a text')
  if (option.type === Kind.Attachment && typeof value !== 'object') throw bad('is a file')
  if (option.type === Kind.Integer && !Number.isSafeInteger(value)) throw bad('is a whole number')
  if (option.type === Kind.Boolean && typeof value !== 'boolean') throw bad('is true or false')
  if (typeof value === 'string' && option.type === Kind.String) {
    const length = [...value].length
    if (length > (option.max_length ?? 6_000)) throw bad('is too long')
    if (length < (option.min_length ?? 0)) throw bad('is too short')
  }
  if (
    typeof value === 'number' &&
    (value > (option.max_value ?? value) || value < (option.min_value ?? value))
  )
    throw bad('is out of range')
}

const attach = (
  world: World,
  channel: ChannelState,
  file: FakeFile,
  resolved: Filled['resolved'],
): string => {
  const attachment = { ...store(world, channel.id, uploads([file])[0]!), ephemeral: true }
  resolved.attachments = { ...resolved.attachments, [attachment.id]: attachment }
  return attachment.id
}

const resolve = (
  world: World,
  channel: ChannelState,
  type: number,
  id: string,
  resolved: Filled['resolved'],
): void => {
  const guild = world.guilds.get(channel.guildId ?? '')
  const put = (kind: string, value: unknown): void => {
    resolved[kind] = { ...resolved[kind], [id]: value }
  }
  const user = world.users.get(id)?.user
  if ((type === Kind.User || type === Kind.Mentionable) && user !== undefined) {
    put('users', user)
    if (guild?.members.has(id) === true) {
      const { user: _, ...member } = apiMember(world, guild, id)
      put('members', { ...member, permissions: permissionsOf(guild, id).toString() })
    }
  }
  const role = guild?.roles.get(id)
  if ((type === Kind.Role || type === Kind.Mentionable) && role !== undefined) put('roles', apiRole(role, 1))
  const target = world.channels.get(id)
  if (type === Kind.Channel && target !== undefined)
    put('channels', { ...apiChannel(world, target), permissions: '0' })
}
