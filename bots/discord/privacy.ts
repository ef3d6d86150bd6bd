import { publicCommands } from '../chat/public-commands.ts'
import { type Command, findCommand } from '../commands.ts'
import type { HeardInteraction } from './interaction.ts'

/**
 * Whether only the person should see the answer, as far as that can be told before it is known: Discord wants to be told
 * at once. In doubt yes: an answer promised to one person can still be about anything.
 */
export const isHidden = (
  { place }: HeardInteraction,
  name: string | null,
  commands: readonly Command[],
): boolean => {
  if (place.community === null) return false
  return name === null || !publicCommands.has(findCommand(commands, name)?.name ?? name)
}
