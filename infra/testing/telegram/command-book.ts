import type { BotCommand, BotCommandScope } from '@grammyjs/types'
import { badRequest } from './api-error.ts'

const keyOf = (scope: BotCommandScope | undefined, language: string): string => {
  const {
    type,
    chat_id = '',
    user_id = '',
  } = (scope ?? { type: 'default' }) as {
    type: string
    chat_id?: number | string
    user_id?: number
  }
  return [type, chat_id, user_id, language].join('|')
}

/** The bot's command lists, by scope and language. */
export class CommandBook {
  readonly #lists = new Map<string, readonly BotCommand[]>()

  set(commands: readonly BotCommand[], scope: BotCommandScope | undefined, language: string): void {
    if (commands.length > 100) throw badRequest('BOT_COMMANDS_TOO_MUCH')
    for (const { command, description } of commands) {
      if (!/^\/?[a-z0-9_]{1,32}$/.test(command)) throw badRequest('BOT_COMMAND_INVALID')
      if (description.length < 1 || description.length > 256)
        throw badRequest('BOT_COMMAND_DESCRIPTION_INVALID')
    }
    if (commands.length === 0) this.#lists.delete(keyOf(scope, language))
    else this.#lists.set(keyOf(scope, language), commands)
  }

  get(scope: BotCommandScope | undefined, language: string): readonly BotCommand[] {
    return this.#lists.get(keyOf(scope, language)) ?? []
  }

  /** What a person is shown in a chat: the narrowest scope wins, and within it the person's language. */
  shown(person: {
    id: number
    language: string
    chat: number
    group: boolean
    admin: boolean
  }): readonly BotCommand[] {
    const { id, language, chat, group, admin } = person
    const scopes: BotCommandScope[] = group
      ? [
          { type: 'chat_member', chat_id: chat, user_id: id },
          ...(admin ? [{ type: 'chat_administrators', chat_id: chat } as const] : []),
          { type: 'chat', chat_id: chat },
          ...(admin ? [{ type: 'all_chat_administrators' } as const] : []),
          { type: 'all_group_chats' },
          { type: 'default' },
        ]
      : [{ type: 'chat', chat_id: chat }, { type: 'all_private_chats' }, { type: 'default' }]
    for (const scope of scopes)
      for (const tongue of [language, ''])
        if (this.get(scope, tongue).length > 0) return this.get(scope, tongue)
    return []
  }
}
