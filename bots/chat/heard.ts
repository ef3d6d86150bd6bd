import { fault } from '../../infra/errors.ts'
import type { Command } from '../commands.ts'
import type { Sentences } from '../sentences.ts'
import type { Surroundings } from '../session.ts'
import { cardOf } from './cards.ts'
import type { Incoming } from './platform.ts'
import type { CommunitySettings } from './settings.ts'
import type { Workplace } from './workplace.ts'

/** Commands that the roles of a community are asked for. */
const roleCommands: ReadonlySet<string> = new Set(['propose', 'vote'])

/** What is heard of a conversation while it answers somebody, and what it is lent for that. */
export class Heard {
  command: Command | null = null
  /** Nobody but the person is to read the answer, whatever the command. */
  hushed = false
  /** The person speaks for another account from now on, or for none. */
  parted = false
  card: ReturnType<typeof cardOf> = null
  private readonly place: Workplace
  private readonly incoming: Incoming
  private readonly settings: CommunitySettings | null
  private readonly say: Sentences

  constructor(place: Workplace, incoming: Incoming, settings: CommunitySettings | null, say: Sentences) {
    this.place = place
    this.incoming = incoming
    this.settings = settings
    this.say = say
  }

  surroundings(key: string, signal: AbortSignal): Surroundings {
    const { chats, readDocument } = this.place
    const { place, person } = this.incoming
    return {
      signal,
      key,
      buttons: true,
      discreet: place.community !== null,
      readFile: async path => {
        const bytes = await chats.file(place.platform, person.subject, path)
        if (bytes === null)
          throw fault('file-unknown', 'You sent no file of that name.', { fix: 'Send it first.' })
        return readDocument(path, bytes)
      },
      onCommand: command => {
        this.command = command
        const roles = this.settings?.roles ?? []
        if (!roleCommands.has(command.name) || roles.length === 0 || person.admin) return
        if (!person.roles.some(role => roles.includes(role)))
          throw fault('role-needed', this.say.chatting.roleNeeded, { fix: '' })
      },
      onFault: () => {
        this.hushed = true
      },
      onResult: (command, input, output) => {
        this.card = cardOf(command.name, input, output)
        this.parted ||= parts(command.name, output, place.platform)
      },
    }
  }
}

/** Whether a command left the person with another account than they had. */
const parts = (command: string, output: unknown, platform: string): boolean => {
  const { kind, what } = Object(output) as { kind?: unknown; what?: unknown }
  if (command === 'link') return kind === 'account'
  return command === 'erase' || (command === 'unlink' && what === platform)
}
