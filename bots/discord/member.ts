import { type Client, PermissionFlagsBits } from 'discord.js'

/** Whether a member with these roles may manage the server, as far as its roles are known. */
export const mayManage = (
  client: Client,
  guildId: string,
  subject: string,
  roles: readonly string[],
): boolean => {
  const guild = client.guilds.cache.get(guildId)
  if (guild === undefined) return false
  return (
    guild.ownerId === subject ||
    [guildId, ...roles].some(
      role => guild.roles.cache.get(role)?.permissions.has(PermissionFlagsBits.ManageGuild) === true,
    )
  )
}
