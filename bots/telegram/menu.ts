import type { Api } from 'grammy'
import type { BotCommand, BotCommandScope, LanguageCode } from 'grammy/types'
import { adminCommands, ownCommands } from '../chat/own-commands.ts'
import type { Command } from '../commands.ts'
import { oneLine } from '../format.ts'
import { languages, type Sentences } from '../sentences.ts'
import { menuName } from './line.ts'
import { telegramSentences } from './sentences.ts'

/** Telegram's bounds on a list of commands, and on what is said of each. */
const MOST_COMMANDS = 100
const LONGEST_DESCRIPTION = 256

type Scope = Extract<
  BotCommandScope['type'],
  'default' | 'all_private_chats' | 'all_group_chats' | 'all_chat_administrators'
>

export interface Menu {
  readonly scope: { readonly type: Scope }
  /** Two letters; empty for everybody whose language has no list. */
  readonly language: string
  readonly commands: readonly BotCommand[]
}

/** The menus of commands: what a person meets in a private chat, in a group, and as a group's admin, in each language. */
export const menusOf = (commands: readonly Command[]): Menu[] =>
  Object.entries(languages).flatMap(([tag, say]) => {
    const language = tag === 'en' ? '' : tag.slice(0, 2)
    // Telegram itself offers /start, as a button, to whom it is of use.
    const own = ownCommands.filter(
      ({ name }) => name !== 'start' && !commands.some(command => command.name === name),
    )
    const all = [...commands, ...own]
    const menu = (type: Scope, offered: readonly Command[]): Menu => ({
      scope: { type },
      language,
      commands: entries(offered, say),
    })
    const isAdmins = ({ name }: Command) => adminCommands.has(name)
    const inGroups = all.filter(({ name }) => name !== 'quiet')
    return [
      menu(
        'default',
        all.filter(command => !isAdmins(command)),
      ),
      menu(
        'all_private_chats',
        all.filter(command => !isAdmins(command)),
      ),
      menu(
        'all_group_chats',
        inGroups.filter(command => !isAdmins(command)),
      ),
      // Admins find theirs first: a phone shows few.
      menu('all_chat_administrators', [
        ...inGroups.filter(isAdmins),
        ...inGroups.filter(command => !isAdmins(command)),
      ]),
    ]
  })

const entries = (commands: readonly Command[], say: Sentences): BotCommand[] => {
  const described = (name: string, words: string): BotCommand[] => {
    const command = menuName(name)
    const description = oneLine(say.label(words), LONGEST_DESCRIPTION).toWellFormed()
    return command === null ? [] : [{ command, description: description === '' ? command : description }]
  }
  const { helpCommand, modelCommand, cancelCommand } = telegramSentences
  return [
    ...described('help', helpCommand),
    ...commands.flatMap(({ name, summary }) => described(name, summary)),
    ...described('model', modelCommand),
    ...described('cancel', cancelCommand),
  ].slice(0, MOST_COMMANDS)
}

const codeOf = ({ language }: Menu) => (language === '' ? {} : { language_code: language as LanguageCode })

/** The menus that Telegram does not show as they should be. */
export const staleMenus = async (api: Api, menus: readonly Menu[]): Promise<Menu[]> => {
  const stale: Menu[] = []
  for (const menu of menus) {
    const shown = await api.getMyCommands({ scope: menu.scope, ...codeOf(menu) })
    const text = (list: readonly BotCommand[]) =>
      JSON.stringify(list.map(({ command, description }) => [command, description]))
    if (text(shown) !== text(menu.commands)) stale.push(menu)
  }
  return stale
}

/** Sets the menus that changed; returns how many. */
export const setMenus = async (api: Api, menus: readonly Menu[]): Promise<number> => {
  const stale = await staleMenus(api, menus)
  for (const menu of stale) await api.setMyCommands(menu.commands, { scope: menu.scope, ...codeOf(menu) })
  return stale.length
}
