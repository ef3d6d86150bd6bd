import type { Api } from 'grammy'
import type { Update } from 'grammy/types'
import { isFault } from '../../infra/errors.ts'
import type { Log } from '../../infra/log.ts'
import type { Chats } from '../../tools/chats.ts'
import { admitsFile, defaultBudgets } from '../chat/budgets.ts'
import type { Desk } from '../chat/desk.ts'
import type { Incoming } from '../chat/platform.ts'
import { Recent } from '../chat/recent.ts'
import type { Command } from '../commands.ts'
import { contentOf } from './content.ts'
import { detour } from './detour.ts'
import { fetchDocument } from './files.ts'
import { roomName, roomOf } from './ids.ts'
import { answerInline } from './inline.ts'
import type { openMembers } from './members.ts'
import type { Messages } from './messages.ts'
import { telegramSentences as say } from './sentences.ts'
import { remarkNonce } from './topics.ts'
import { type Happening, type Readable, readUpdate } from './update.ts'

export interface HearingParts {
  readonly api: Api
  readonly apiRoot: string
  readonly chats: Pick<Chats, 'putFile' | 'spend' | 'spent' | 'isMuted' | 'trying' | 'shown' | 'button'>
  readonly commands: readonly Command[]
  readonly members: ReturnType<typeof openMembers>
  readonly messages: Messages
  readonly log: Log
  /** Ends downloads. */
  readonly signal: AbortSignal
}

type Act = Extract<Happening, { kind: 'act' }>
type Remark = Extract<Happening, { kind: 'remark' }>

/** Tries to fetch a file, over the times that Telegram tells its update. */
const MOST_FETCHES = 3
/** Files of which failed tries are remembered. */
const MOST_REMEMBERED = 1000

/**
 * Opens the way from an update to the desk. The returned function resolves once the update is kept, its file and all;
 * it throws a fault with `retry` where that could not be.
 */
export const openHearing = (parts: HearingParts) => {
  const { api, chats, commands, members, messages, log } = parts
  const fetches = new Recent<string, number>(MOST_REMEMBERED)

  /** Says a sentence that is no answer of a conversation, once however often its update is told. */
  const remark = async ({ key, room, to, sentence }: Omit<Remark, 'kind'>): Promise<void> => {
    const nonce = remarkNonce(key)
    const tried = await chats.trying({ nonce, platform: 'telegram', place: roomName(room) })
    if (tried.state !== 'trying') return
    const content = contentOf({
      blocks: [{ kind: 'text', text: sentence, tone: 'quiet' }],
      buttons: [],
      private: false,
      final: true,
    })
    const target = { room, replyTo: to.message_id, after: to.message_id }
    const { others, message, fresh } = tried
    const outcome = await messages.show(target, content, {
      message,
      others,
      nonce,
      ...(fresh ? { fresh: true as const } : {}),
    })
    await chats.shown(nonce, outcome.kind === 'shown' ? outcome.message : null, outcome.kind)
  }

  /** The act with its file kept, or null where the file cannot be had and that was said. */
  const withFile = async ({ incoming, document }: Act): Promise<Incoming | null> => {
    if (document === undefined || incoming.act.kind !== 'file') return incoming
    try {
      const { person } = incoming
      const bytes = await fetchDocument(api, parts.apiRoot, document, parts.signal)
      fetches.delete(incoming.key)
      return {
        ...incoming,
        act: {
          ...incoming.act,
          sha256: await chats.putFile(bytes, {
            platform: 'telegram',
            subject: person.subject,
            name: incoming.act.name,
          }),
        },
      }
    } catch (error) {
      if (!isFault(error) || error.code === 'disk-full') throw error
      const tries = (fetches.get(incoming.key) ?? 0) + 1
      fetches.set(incoming.key, tries)
      if (error.retry && tries < MOST_FETCHES) throw error
      fetches.delete(incoming.key)
      log.warn('telegram.file-not-fetched', { update: incoming.key, code: error.code })
      const sentence = error.code === 'file-too-large' ? say.fileTooLarge : say.fileUnreachable
      const room = roomOf(incoming.answerTo.group ?? incoming.place.chat)
      const to = { message_id: Number(incoming.answerTo.message) } as Remark['to']
      await remark({ key: `update/${incoming.key}`, room, to, sentence })
      return null
    }
  }

  const receive = async (act: Act, desk: Desk): Promise<void> => {
    const { place, person } = act.incoming
    // At once, whatever comes of it: until then the button shows a clock. A press told twice is answered already.
    if (act.query !== undefined) void api.answerCallbackQuery(act.query).catch(() => {})
    const standing = await members(Number(place.community ?? person.subject), Number(person.subject))
    const here: Incoming = { ...act.incoming, person: { ...person, ...standing } }
    const turned = await detour(here, commands, chats)
    if (act.document !== undefined && !(await admitsFile(chats, here, defaultBudgets))) return
    const incoming = await withFile({ ...act, incoming: turned })
    if (incoming !== null) await desk.receive(incoming)
  }

  return async (update: Update, desk: Desk, from: Readable): Promise<void> => {
    const happening = readUpdate(update, from)
    if (happening?.kind === 'act') await receive(happening, desk)
    if (happening?.kind === 'remark') await remark(happening)
    if (happening?.kind === 'inline') await answerInline(api, happening.query)
  }
}
