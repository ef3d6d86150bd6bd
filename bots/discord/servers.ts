import { type APIChannel, type APIRole, type REST, Routes } from 'discord.js'
import type { Platform } from '../chat/platform.ts'
import { discordFault, isGone } from './faults.ts'

const snowflake = /^\d{1,20}$/

/** What belongs to a server, by Discord's word. */
export const openServers = (rest: REST): Required<Pick<Platform, 'holds' | 'roles'>> => ({
  async holds(community, chat) {
    if (!snowflake.test(chat)) return false
    try {
      const channel = (await rest.get(Routes.channel(chat))) as APIChannel
      return 'guild_id' in channel && channel.guild_id === community
    } catch (error) {
      // Nobody tells the bot of channels that it cannot see.
      if (isGone(error)) return false
      throw discordFault(error)
    }
  },
  async roles(community) {
    try {
      const roles = (await rest.get(Routes.guildRoles(community))) as APIRole[]
      // The role with the server's own id is everybody, which nobody bears by name.
      return roles.flatMap(({ id, name }) => (id === community ? [] : [{ id, name }]))
    } catch (error) {
      throw discordFault(error)
    }
  },
})
