import { z } from 'zod'
import { fault } from '../../infra/errors.ts'
import type { Chats } from '../../tools/chats.ts'
import { type Verb, verb } from '../../tools/registry.ts'
import { type Command, commandsOf } from '../commands.ts'
import { text } from '../reply.ts'
import { languages, type Sentences } from '../sentences.ts'
import type { Incoming } from './platform.ts'

const elsewhere = async (): Promise<never> => {
  throw fault('not-here', 'This command is for chats.', { fix: 'Send it in a chat.' })
}

const definition = <I extends z.ZodType>(name: string, summary: string, input: I): Verb =>
  verb({
    name,
    summary,
    who: ['member'],
    effect: 'write',
    input,
    output: z.string(),
    run: elsewhere,
  }) as unknown as Verb

const setup = z.object({
  channel: z.string().max(100).optional().describe('where proposals and digests go; this place without it'),
  roles: z
    .array(z.string().max(100))
    .max(20)
    .optional()
    .describe('roles that may propose and vote; everybody without them'),
  language: z.string().max(20).optional().describe('such as en'),
})
const somebody = z.object({ person: z.string().min(1).max(100).describe('whom, such as @name') })
const quiet = z.object({ state: z.enum(['on', 'off']).default('on').describe('on: no more news') })

/** Commands of the chats themselves, beside those that the verbs give: a platform offers them all. */
export const ownCommands: readonly Command[] = commandsOf([
  definition('setup', 'Choose where proposals go, who may vote, and the language (admins).', setup),
  definition('mute', 'Do not answer somebody here any more (admins).', somebody),
  definition('unmute', 'Answer somebody here again (admins).', somebody),
  definition('quiet', 'Turn the news that I send you off or on.', quiet),
])

/** Those of them that only admins of a community may use. */
export const adminCommands: ReadonlySet<string> = new Set(['setup', 'mute', 'unmute'])

interface Around {
  readonly chats: Chats
  readonly incoming: Incoming
  readonly say: Sentences
  readonly now: Date
}

/** The commands of the chats, ready to run for what one person did. */
export const ownCommandsFor = (around: Around): Command[] =>
  ownCommands.map(command => ({
    ...command,
    verb: { ...command.verb, run: async (_, input) => runs[command.name]?.(around, input) },
    tell: output => [text(String(output), 'good')],
  }))

/** The community around, where its admin is asking. Throws `community-absent` and `admin-only`. */
const administered = ({ incoming: { place, person }, say }: Around): string => {
  if (place.community === null)
    throw fault('community-absent', say.chatting.notHere, { fix: 'Go to the server or group you mean.' })
  if (!person.admin) throw fault('admin-only', say.chatting.adminsOnly, { fix: 'Ask one of them.' })
  return place.community
}

/** The id in a mention (`<#12>`, `<@&12>`, `@12`), or the word itself. */
const idOf = (word: string): string =>
  /^(?:<[#@][&!]?(\w+)>|@(\d+))$/.exec(word.trim())?.slice(1).find(Boolean) ?? word.trim()

const muting =
  (muted: boolean) =>
  async (around: Around, input: unknown): Promise<string> => {
    const community = administered(around)
    const { person } = input as z.output<typeof somebody>
    await around.chats.mute(around.incoming.place.platform, community, idOf(person), muted)
    return muted ? around.say.chatting.muted : around.say.chatting.unmuted
  }

const runs: Readonly<Record<string, (around: Around, input: unknown) => Promise<string>>> = {
  setup: async (around, input) => {
    const { incoming, chats, say, now } = around
    const community = administered(around)
    const { channel, roles = [], language } = input as z.output<typeof setup>
    if (language !== undefined && !Object.hasOwn(languages, language))
      throw fault('language-unknown', say.chatting.languageUnknown(Object.keys(languages)), {
        fix: 'Choose one of them.',
      })
    const settings = {
      channel: channel === undefined ? incoming.place.chat : idOf(channel),
      roles: roles.map(idOf),
      language: language ?? null,
      since: now.toISOString(),
    }
    await chats.setCommunity(incoming.place.platform, community, settings)
    return say.chatting.setUp(
      channel ?? say.chatting.thisChannel,
      roles.length === 0 ? say.chatting.everybody : roles.join(', '),
      language ?? 'en',
    )
  },
  mute: muting(true),
  unmute: muting(false),
  quiet: async ({ chats, incoming, say }, input) => {
    const on = (input as z.output<typeof quiet>).state === 'on'
    await chats.quiet(incoming.place.platform, incoming.person.subject, on)
    return on ? say.chatting.quietOn : say.chatting.quietOff
  },
}
