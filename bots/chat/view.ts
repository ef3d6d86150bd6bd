import { createHash } from 'node:crypto'
import type { KeptButton } from '../../tools/chats.ts'
import { oneLine } from '../format.ts'
import { type Choice, type Reply, text } from '../reply.ts'
import type { Sentences } from '../sentences.ts'
import { terminalText } from '../terminal-text.ts'
import { renderPages } from './pages.ts'
import type { Block, Button, Platform, View } from './platform.ts'
import { storable } from './storable.ts'

/** Replies put together: what is said, and what can be pressed. */
export interface Draft {
  readonly blocks: readonly Block[]
  readonly choices: readonly Choice[]
  readonly file?: NonNullable<View['file']>
}

/** What pressing a button does. */
export type ButtonAct =
  | { readonly kind: 'line'; readonly line: string; readonly pending?: string }
  | { readonly kind: 'page'; readonly page: number }

/** A view that is kept while its pages can be turned. */
export interface KeptView {
  readonly blocks: readonly Block[]
  readonly buttons: readonly Button[]
  readonly private: boolean
  readonly pages: number
}

/** Discord takes 25 buttons of a message; the rest is for turning pages. */
const MOST_BUTTONS = 20
/** More pages than somebody turns: what is longer comes as a file. */
const MOST_PAGES = 9
/** Characters of a label; Discord takes no more. */
const LABEL = 80

/** Joins parts of a stream, keeps the newest progress of each label, and gathers all choices. */
export const draftOf = (replies: readonly Reply[]): Draft => {
  const blocks: Block[] = []
  const choices: Choice[] = []
  let file: View['file']
  let streaming = false
  for (const reply of replies) {
    const last = blocks.at(-1)
    if (reply.kind === 'part') {
      if (streaming && last?.kind === 'answer')
        blocks[blocks.length - 1] = { kind: 'answer', text: last.text + reply.text }
      else blocks.push({ kind: 'answer', text: reply.text })
      streaming = true
      continue
    }
    streaming = false
    if (reply.kind === 'progress') {
      const at = blocks.findIndex(block => block.kind === 'progress' && block.label === reply.label)
      if (at >= 0) blocks[at] = reply
      else blocks.push(reply)
    } else if (reply.kind === 'choices') {
      if (reply.text !== '') blocks.push(text(reply.text) as Block)
      choices.push(...reply.choices.filter(choice => !choices.some(known => same(known, choice))))
    } else if (reply.kind === 'file')
      file = { name: reply.name, mediaType: reply.mediaType, bytes: reply.bytes }
    else blocks.push(reply)
  }
  // What no database keeps is not shown either: a view may have to be kept.
  return {
    blocks: storable(blocks.map(trimmed)),
    choices: storable(choices),
    ...(file === undefined ? {} : { file }),
  }
}

const same = (a: Choice, b: Choice): boolean =>
  a.label === b.label && a.line === b.line && a.pending === b.pending

// A stream ends with white space that a repeated answer may lack; both have to look alike.
const trimmed = (block: Block): Block =>
  block.kind === 'answer' ? { ...block, text: block.text.trim() } : block

/** A draft as a view, with what its buttons do and, where it has pages, what has to be kept to turn them. */
export interface Composed {
  readonly view: View
  readonly buttons: readonly KeptButton[]
  readonly kept: KeptView | null
}

/** A part of a view that is still being made; nothing can be pressed yet. */
export const unfinished = ({ blocks }: Draft, isPrivate: boolean): View => ({
  blocks,
  buttons: [],
  private: isPrivate,
  final: false,
})

/** Makes the view of a message. `subject`: whom its buttons are for; null: anybody there. */
export const compose = (
  draft: Draft,
  options: {
    readonly nonce: string
    readonly subject: string | null
    readonly private: boolean
    readonly platform: Pick<Platform, 'markup' | 'limit'>
    readonly say: Sentences
  },
): Composed => {
  const { nonce, subject, platform, say } = options
  const choices = draft.choices.slice(0, MOST_BUTTONS)
  const more = draft.choices.slice(MOST_BUTTONS).map(({ line }) => line)
  const told = more.length === 0 ? draft.blocks : [...draft.blocks, block(say.chatting.moreChoices(more))]
  const blocks = told.length === 0 && choices.length === 0 ? [block(say.chatting.nothingToSay)] : told
  const pages = renderPages(blocks, platform.markup, platform.limit, MOST_PAGES).length
  const buttons = choices.map(
    ({ label, line }, at): Button => ({
      id: buttonId(nonce, String(at)),
      label: oneLine(label, LABEL),
      tone: toneOf(line),
    }),
  )
  const acts = choices.map(({ line, pending }, at): KeptButton => {
    const act: ButtonAct = { kind: 'line', line, ...(pending === undefined ? {} : { pending }) }
    return { id: buttonId(nonce, String(at)), subject, act }
  })
  const common = {
    private: options.private,
    final: true,
    ...(draft.file === undefined ? {} : { file: draft.file }),
  }
  if (pages === 1) return { view: { blocks, buttons, ...common }, buttons: acts, kept: null }
  if (pages > MOST_PAGES) {
    const bytes = Buffer.from(blocks.map(plainText).join('\n'))
    const file = { name: 'answer.txt', mediaType: 'text/plain; charset=utf-8', bytes }
    const noted = [block(say.chatting.wholeInFile), ...blocks]
    return { view: { blocks: noted, buttons, file, ...common }, buttons: acts, kept: null }
  }
  const kept: KeptView = { blocks, buttons, private: options.private, pages }
  const turns = Array.from({ length: pages }, (_, page): KeptButton => {
    const act: ButtonAct = { kind: 'page', page }
    return { id: buttonId(nonce, `page/${page}`), subject, act }
  })
  return { view: { ...pageOf(kept, nonce, 0, say), ...common }, buttons: [...acts, ...turns], kept }
}

/** One page of a kept view, with the buttons to its neighbours. */
export const pageOf = (
  { blocks, buttons, pages, private: isPrivate }: KeptView,
  nonce: string,
  wanted: number,
  say: Sentences,
): View => {
  const page = Math.max(0, Math.min(pages - 1, wanted))
  const { before, after, page: label } = say.chatting
  const to = (target: number, words: string): Button => ({
    id: buttonId(nonce, `page/${target}`),
    label: words,
    tone: 'plain',
  })
  return {
    blocks,
    buttons: [
      ...(page > 0 ? [to(page - 1, `${before} ${label(page, pages)}`)] : []),
      ...(page < pages - 1 ? [to(page + 1, `${label(page + 2, pages)} ${after}`)] : []),
      ...buttons,
    ],
    private: isPrivate,
    final: true,
    page,
  }
}

/** A button's id: made of the message's random name, so the same at every try. Who may press it is checked all the same. */
const buttonId = (nonce: string, name: string): string =>
  createHash('sha256').update(`${nonce}\n${name}`).digest().subarray(0, 12).toString('base64url')

const block = (words: string): Block => text(words, 'quiet') as Block

const toneOf = (line: string): Button['tone'] => (line === 'yes' ? 'good' : line === 'no' ? 'bad' : 'plain')

const plainText = (item: Block): string =>
  terminalText(item.kind === 'answer' ? { kind: 'text', text: item.text } : item, {
    columns: 100,
    colour: false,
  })
