import { createHash } from 'node:crypto'
import {
  type APIApplicationCommand,
  type REST,
  Routes,
  type RESTPostAPIApplicationCommandsJSONBody as SlashCommand,
} from 'discord.js'

/** Fields of a command that this program sets; Discord adds others. */
const fields = ['name', 'type', 'description', 'default_member_permissions', 'contexts', 'options'] as const
const optionFields = ['name', 'type', 'description', 'required', 'autocomplete', 'choices'] as const

const picked = (source: unknown, names: readonly string[]): unknown[] =>
  names.map(name => {
    const value: unknown =
      typeof source === 'object' && source !== null ? Reflect.get(source, name) : undefined
    if (name === 'options') return ((value ?? []) as unknown[]).map(option => picked(option, optionFields))
    if (name === 'choices')
      return ((value ?? []) as { name: string; value: unknown }[]).map(choice => [choice.name, choice.value])
    // Discord leaves out what is not set.
    return value === undefined || value === false || value === '' ? null : value
  })

/** A hash of what commands say, the same for what was sent and for what Discord keeps of it. */
export const commandsHash = (commands: readonly unknown[]): string => {
  const rows = commands.map(command => JSON.stringify(picked(command, fields))).sort()
  return createHash('sha256').update(rows.join('\n')).digest('hex')
}

/** Whether Discord has these very commands of the application. */
export const areRegistered = async (
  rest: REST,
  applicationId: string,
  commands: readonly SlashCommand[],
): Promise<boolean> => {
  const kept = (await rest.get(Routes.applicationCommands(applicationId))) as APIApplicationCommand[]
  return commandsHash(kept) === commandsHash(commands)
}

/** Registers the commands where they differ from what Discord has; Discord allows few changes a day. Returns whether it did. */
export const registerCommands = async (
  rest: REST,
  applicationId: string,
  commands: readonly SlashCommand[],
): Promise<boolean> => {
  if (await areRegistered(rest, applicationId, commands)) return false
  await rest.put(Routes.applicationCommands(applicationId), { body: commands })
  return true
}
