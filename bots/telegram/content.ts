import type { InlineKeyboardButton, InlineKeyboardMarkup } from 'grammy/types'
import { renderPages } from '../chat/pages.ts'
import type { Block, Button, View } from '../chat/platform.ts'
import { LONGEST_CAPTION, LONGEST_TEXT, markup } from './markup.ts'

/** A message as Telegram takes it. */
export interface Content {
  /** HTML, at most 4,096 units when read. */
  readonly html: string
  readonly keyboard: InlineKeyboardMarkup | undefined
  readonly file?: { readonly name: string; readonly bytes: Uint8Array; readonly caption: string }
}

/** Telegram's own bound on the buttons of a message. */
const MOST_BUTTONS = 100
/** Letters that stand side by side on a phone, and buttons in one row. */
const ROW_LETTERS = 30
const ROW_BUTTONS = 4

const styles = { plain: {}, good: { style: 'success' }, bad: { style: 'danger' } } as const

const buttonOf = ({ id, label, tone }: Button): InlineKeyboardButton => ({
  text: label.trim() === '' ? '…' : label.toWellFormed(),
  callback_data: id,
  ...styles[tone],
})

/** Buttons in rows that a phone shows without cutting their labels; undefined without buttons. */
export const keyboardOf = (buttons: readonly Button[]): InlineKeyboardMarkup | undefined => {
  const rows: InlineKeyboardButton[][] = []
  let letters = 0
  for (const button of buttons.slice(0, MOST_BUTTONS)) {
    const row = rows.at(-1)
    letters += button.label.length + 4
    if (row !== undefined && row.length < ROW_BUTTONS && letters <= ROW_LETTERS) row.push(buttonOf(button))
    else {
      rows.push([buttonOf(button)])
      letters = button.label.length + 4
    }
  }
  return rows.length === 0 ? undefined : { inline_keyboard: rows }
}

/** What a view looks like on Telegram; `note` stands under it. */
export const contentOf = ({ blocks, buttons, page = 0, final, file }: View, note?: string): Content => {
  const quiet: Block[] = note === undefined || !final ? [] : [{ kind: 'text', text: note, tone: 'quiet' }]
  const all = [...blocks, ...quiet]
  const pages = renderPages(all, markup, LONGEST_TEXT)
  const html = pages[page] ?? pages[0] ?? ''
  return {
    html: markup.length(html.trim()) === 0 ? '…' : html,
    keyboard: keyboardOf(buttons),
    ...(file === undefined || !final
      ? {}
      : {
          file: {
            name: file.name,
            bytes: file.bytes,
            caption: renderPages(all, markup, LONGEST_CAPTION)[0] ?? '',
          },
        }),
  }
}
