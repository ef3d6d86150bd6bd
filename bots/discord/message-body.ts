import { createHash } from 'node:crypto'
import {
  type APIButtonComponentWithCustomId as ButtonBody,
  ButtonStyle,
  type APIMessageTopLevelComponent as Component,
  ComponentType,
  type APIComponentInMessageActionRow as InRow,
  MessageFlags,
  type RawFile,
} from 'discord.js'
import { type Markup, renderPages } from '../chat/pages.ts'
import type { Block, Button, View } from '../chat/platform.ts'
import { languages } from '../sentences.ts'
import { clipped } from './limits.ts'

/** Code points of a message; components would take 4,000, which no phone shows on a screen. */
export const PAGE_LENGTH = 2_000

/** Five rows are the most; the first may hold what turns pages. */
const IN_ROW = 5
const IN_SELECT = 25
const SELECTS = 4

const tones = { plain: ButtonStyle.Secondary, good: ButtonStyle.Success, bad: ButtonStyle.Danger } as const
const GOOD = 0x2e7d32
const BAD = 0xb3261e

/** A message as it is sent: `files` travel beside the body. */
export interface MessageBody {
  readonly body: {
    readonly flags: number
    readonly components: readonly Component[]
    readonly attachments: readonly { id: number; filename: string }[]
    readonly allowed_mentions: { readonly parse: readonly []; readonly replied_user: false }
  }
  readonly files: RawFile[]
}

/**
 * A number that marks the message of a nonce, so that it can be found again in its channel: Discord keeps the ids of
 * components, and gives small ones to those without.
 */
export const markOf = (nonce: string): number =>
  10_000 + (createHash('sha256').update(nonce).digest().readUInt32BE(0) % 2_000_000_000)

/** Whether a button turns the pages of the message it stands under, by its label in any language. */
export const turnsPages = (label: string): boolean =>
  Object.values(languages).some(
    ({ chatting }) => label.startsWith(`${chatting.before} `) || label.endsWith(` ${chatting.after}`),
  )

/** The body of a view: text in parts that Discord draws as a card where it is one, then its buttons. */
export const messageBody = (view: View, markup: Markup, nonce: string, flags = 0): MessageBody => {
  const wanted = Math.max(view.page ?? 0, 0)
  const pages = renderPages(view.blocks, markup, PAGE_LENGTH, wanted + 1)
  const page = pages[Math.min(wanted, pages.length - 1)] ?? ''
  const mark = markOf(nonce)
  const name = fileName(view.file?.name)
  const files: RawFile[] =
    view.file === undefined
      ? []
      : [{ name, data: Buffer.from(view.file.bytes), contentType: view.file.mediaType }]
  return {
    body: {
      flags: flags | MessageFlags.IsComponentsV2,
      components: [
        textOf(page === '' ? '…' : page, view.blocks, mark),
        ...(view.file === undefined
          ? []
          : [{ type: ComponentType.File as const, file: { url: `attachment://${name}` } }]),
        ...rowsOf(view.buttons),
      ],
      // Told each time: what an earlier view attached goes.
      attachments: files.map(({ name }, id) => ({ id, filename: name })),
      allowed_mentions: { parse: [], replied_user: false },
    },
    files,
  }
}

const fileName = (name = 'text.txt'): string =>
  name
    .replaceAll(/[^\w.-]/g, '_')
    .replace(/^[._]+/, '')
    .slice(-80) || 'text.txt'

const textOf = (content: string, blocks: readonly Block[], id: number): Component => {
  const display = { type: ComponentType.TextDisplay as const, content }
  const toned = (tone: string) => blocks.some(block => block.kind === 'text' && block.tone === tone)
  const accent = toned('bad') ? BAD : toned('good') ? GOOD : null
  const carded = blocks.some(({ kind }) => kind === 'card' || kind === 'table' || kind === 'progress')
  if (!carded && accent === null) return { ...display, id }
  return { type: ComponentType.Container, id, accent_color: accent, components: [display] }
}

const buttonOf = ({ id, label, tone }: Button): ButtonBody => ({
  type: ComponentType.Button,
  custom_id: id,
  label: clipped(label.trim() === '' ? '…' : label, 80),
  style: tones[tone],
})

/** Up to five choices are buttons in a row; more of them are a list to open. What turns pages, and yes and no, stay buttons. */
const rowsOf = (buttons: readonly Button[]): Component[] => {
  const stays = ({ label, tone }: Button) => turnsPages(label) || tone !== 'plain'
  const listed = buttons.length > IN_ROW ? buttons.filter(button => !stays(button)) : []
  const shown = buttons.filter(button => !listed.includes(button))
  const lists = chunks(listed, IN_SELECT).slice(0, SELECTS)
  const rows = chunks(shown, IN_ROW).slice(0, IN_ROW - lists.length)
  return [
    ...lists.map((list, at) => row([selectOf(list, `choices-${at + 1}`)])),
    ...rows.map(list => row(list.map(buttonOf))),
  ]
}

const row = (components: InRow[]): Component => ({ type: ComponentType.ActionRow, components })

const selectOf = (buttons: readonly Button[], id: string): InRow => ({
  type: ComponentType.StringSelect,
  custom_id: id,
  options: buttons.map(button => ({
    label: clipped(button.label.trim() === '' ? '…' : button.label, 100),
    value: button.id,
  })),
})

const chunks = <T>(list: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(list.length / size) }, (_, at) => list.slice(at * size, (at + 1) * size))
