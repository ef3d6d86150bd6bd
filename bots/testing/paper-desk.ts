import type { Database } from '../../infra/db.ts'
import { silentLog } from '../../infra/log.ts'
import { type Chats, openChats } from '../../tools/chats.ts'
import type { Network } from '../../tools/context.ts'
import type { Verb } from '../../tools/registry.ts'
import { type Desk, type DeskOptions, openDesk } from '../chat/desk.ts'
import { openBot } from '../session.ts'
import { openPaper, type PaperMessage, type PaperPlatform } from './paper-platform.ts'
import type { Story } from './story.ts'

export interface PaperDesk {
  readonly desk: Desk
  readonly chats: Chats
  readonly paper: PaperPlatform
  /** Everything that stands in a chat, or in all, as people read it. */
  words(where?: string): string[]
  /** The newest message in which a button of that label stands, and its id. */
  button(label: string): string
  last(): PaperMessage
}

/** Files in memory. */
export const memoryBlobs = (): Network['blobs'] => {
  const kept = new Map<string, Uint8Array>()
  return {
    put: async (bytes: Uint8Array) => {
      const name = kept.size.toString(16).padStart(64, '0')
      kept.set(name, bytes)
      return name
    },
    get: async (name: string) => kept.get(name) ?? new Uint8Array(),
    remove: async (name: string) => {
      kept.delete(name)
    },
  } as unknown as Network['blobs']
}

/** A network of verbs that keep their values elsewhere, on a real database. */
export const networkOn = (db: Database, story: Pick<Story, 'network'>): Network =>
  Object.assign(story.network, { db, blobs: memoryBlobs() })

/** A desk on the paper platform, started; it waits for nothing. */
export const openPaperDesk = (
  network: Network,
  verbs: readonly Verb[],
  options: Partial<DeskOptions> & { paper?: PaperPlatform } = {},
): PaperDesk => {
  const paper = options.paper ?? openPaper()
  const chats = options.chats ?? openChats(network)
  const desk = openDesk({
    bot: openBot(network, verbs),
    chats,
    platform: paper,
    log: silentLog,
    wait: async () => {},
    lookSeconds: 0,
    ...options,
  })
  desk.start()
  return {
    desk,
    chats,
    paper,
    words: where =>
      paper.messages.filter(message => where === undefined || message.where === where).map(paper.read),
    button: label => {
      const buttons = paper.messages.toReversed().flatMap(({ view }) => view.buttons)
      const found = buttons.find(button => button.label.includes(label))
      if (found === undefined)
        throw new Error(`no button "${label}" among ${buttons.map(({ label }) => label).join(', ')}`)
      return found.id
    },
    last: () => {
      const message = paper.messages.at(-1)
      if (message === undefined) throw new Error('nothing was said')
      return message
    },
  }
}
