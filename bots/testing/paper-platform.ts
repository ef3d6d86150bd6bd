import { fault } from '../../infra/errors.ts'
import { renderPages } from '../chat/pages.ts'
import type { Incoming, Outcome, Place, Platform, Shown, View } from '../chat/platform.ts'
import { paperMarkup, paperText } from './paper-markup.ts'

/** A message as it stands on the paper. */
export interface PaperMessage {
  readonly id: string
  /** The chat it stands in, or `person:<subject>`. */
  readonly where: string
  readonly nonce: string
  view: View
  /** How often it was shown or replaced. */
  edits: number
}

/** A chat platform in memory. It finds a lost message by its nonce, as Discord does. */
export interface PaperPlatform extends Platform {
  readonly messages: PaperMessage[]
  readonly threads: Map<string, Place>
  /** Runs before each call to the platform, by its name; throws to be unreachable. */
  before: (call: string) => void | Promise<void>
  /** People and places that cannot be written to. */
  readonly closed: Set<string>
  /** What a person reads of a message. */
  read(message: PaperMessage): string
}

export const unreachable = () =>
  fault('platform-unreachable', 'The platform does not answer.', {
    fix: 'Try again.',
    retry: true,
    blame: 'world',
  })

export const openPaper = (options: { limit?: number; editMilliseconds?: number } = {}): PaperPlatform => {
  const show = async (call: string, where: string, view: View, shown: Shown): Promise<Outcome> => {
    await paper.before(call)
    if (paper.closed.has(where)) return { kind: 'gone', reason: 'blocked' }
    const lost = shown.fresh === true ? undefined : paper.messages.find(({ nonce }) => nonce === shown.nonce)
    const known = paper.messages.find(({ id }) => id === shown.message) ?? lost
    if (known !== undefined) {
      known.view = view
      known.edits++
      return { kind: 'shown', message: known.id }
    }
    const message = { id: `m${paper.messages.length + 1}`, where, nonce: shown.nonce, view, edits: 1 }
    paper.messages.push(message)
    return { kind: 'shown', message: message.id }
  }
  const paper: PaperPlatform = {
    name: 'discord',
    markup: paperMarkup,
    limit: options.limit ?? 2_000,
    editMilliseconds: options.editMilliseconds ?? 0,
    messages: [],
    threads: new Map(),
    before: () => {},
    closed: new Set(),
    answer: (incoming, view, shown) =>
      show('answer', view.private ? `person:${incoming.person.subject}` : incoming.place.chat, view, shown),
    post: (to, view, shown) =>
      show('post', 'subject' in to ? `person:${to.subject}` : to.place.chat, view, shown),
    thread: async (place, name) => {
      await paper.before('thread')
      const chat = `${place.chat}/${name}`
      const thread = paper.threads.get(chat) ?? { ...place, chat }
      paper.threads.set(chat, thread)
      return thread
    },
    read: ({ view }) => {
      const pages = renderPages(view.blocks, paperMarkup, paper.limit)
      return paperText(pages[view.page ?? 0] ?? '')
    },
  }
  return paper
}

let told = 0

/** Something that Ann, or another, does in a private chat, or elsewhere. */
export const does = (
  act: Incoming['act'],
  part: {
    key?: string
    subject?: string
    place?: Partial<Place>
    admin?: boolean
    roles?: string[]
    order?: string
  } = {},
): Incoming => {
  const subject = part.subject ?? 'ann'
  return {
    key: part.key ?? `k${++told}`,
    place: { platform: 'discord', chat: `dm-${subject}`, community: null, ...part.place },
    person: { subject, name: subject, roles: part.roles ?? [], admin: part.admin ?? false },
    at: '2026-03-01T12:00:00.000Z',
    act,
    answerTo: { token: 'secret' },
    ...(part.order === undefined ? {} : { order: part.order }),
  }
}

export const line = (words: string, part?: Parameters<typeof does>[1]): Incoming =>
  does({ kind: 'line', line: words, addressed: true }, part)

export const press = (id: string, part?: Parameters<typeof does>[1]): Incoming =>
  does({ kind: 'button', id }, part)
