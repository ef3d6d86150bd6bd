import type { InlineKeyboardButton, InlineKeyboardMarkup, ReplyKeyboardMarkup } from '@grammyjs/types'
import { badRequest } from './api-error.ts'
import type { Call } from './call.ts'

/** The keyboard of a message: buttons under it, or one that replaces the person's letters. */
export interface Keyboards {
  readonly inline: InlineKeyboardMarkup | undefined
  readonly letters: string[][] | undefined
}

const ACTIONS = [
  'url',
  'disabled',
  'callback_data',
  'web_app',
  'login_url',
  'switch_inline_query',
  'switch_inline_query_current_chat',
  'switch_inline_query_chosen_chat',
  'copy_text',
  'callback_game',
  'pay',
]
const MOST_BUTTONS = 100

const checkButton = (button: InlineKeyboardButton): void => {
  const fields = button as unknown as Record<string, unknown>
  const cannot = (why: string) => badRequest(`can't parse inline keyboard button: ${why}`)
  if (typeof fields.text !== 'string' || fields.text.trim() === '')
    throw cannot('Field "text" must be of type String')
  const actions = ACTIONS.filter(name => fields[name] !== undefined)
  if (actions.length !== 1) throw cannot('Text buttons are unallowed in the inline keyboard')
  const data = fields.callback_data
  if (data !== undefined) {
    const bytes = Buffer.byteLength(String(data))
    if (bytes < 1 || bytes > 64) throw badRequest('BUTTON_DATA_INVALID')
  }
  const url = fields.url
  if (url !== undefined && !URL.canParse(String(url)))
    throw badRequest(`inline keyboard button URL '${String(url)}' is invalid: Wrong HTTP URL`)
}

/** Reads and checks `reply_markup`; an inline keyboard without buttons counts as none. */
export const readKeyboards = (call: Call): Keyboards => {
  const markup = call.object<Partial<InlineKeyboardMarkup & ReplyKeyboardMarkup>>('reply_markup')
  const rows = markup?.inline_keyboard
  const letters = markup?.keyboard?.map(row =>
    row.map(key => (typeof key === 'string' ? key : String((key as { text: string }).text))),
  )
  if (rows === undefined) return { inline: undefined, letters }
  if (!Array.isArray(rows) || !rows.every(row => Array.isArray(row)))
    throw badRequest("can't parse reply keyboard markup JSON object")
  for (const button of rows.flat()) checkButton(button)
  if (rows.flat().length > MOST_BUTTONS) throw badRequest('reply markup is too long')
  const filled = rows.filter(row => row.length > 0)
  return { inline: filled.length === 0 ? undefined : { inline_keyboard: filled }, letters }
}
