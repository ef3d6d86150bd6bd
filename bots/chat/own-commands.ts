import { z } from 'zod'
import { fault } from '../../infra/errors.ts'
import type { Chats } from '../../tools/chats.ts'
import { type Verb, verb } from '../../tools/registry.ts'
import { type Command, commandsOf } from '../commands.ts'
import { type Reply, text } from '../reply.ts'
import { languages, type Sentences } from '../sentences.ts'
import type { Incoming, Platform, Role } from './platform.ts'

const elsewhere = async (): Promise<never> => {
  throw fault('not-here', 'This command is for chats.', { fix: 'Send it in a chat.' })
}

const definition = <I extends z.ZodType>(
  name: string,
  summary: string,
  input: I,
  effect: 'read' | 'write' = 'write',
): Verb =>
  verb({
    name,
    summary,
    who: ['member'],
    effect,
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
/** A mention as platform files write it, or the platform's id of a person. */
const mention = /^(?:<@!?(\w+)>|@?(\d+))$/
const quiet = z.object({ state: z.enum(['on', 'off']).default('on').describe('on: no more news') })

/** Commands of the chats themselves, beside those that the verbs give: a platform offers them all. */
export const ownCommands: readonly Command[] = commandsOf([
  definition('start', 'Say what this is and where to begin.', z.object({}), 'read'),
  definition('setup', 'Choose where proposals go, who may vote, and the language (admins).', setup),
  definition('mute', 'Do not answer somebody here any more (admins).', somebody),
  definition('unmute', 'Answer somebody here again (admins).', somebody),
  definition('quiet', 'Turn the news that I send you off or on.', quiet),
])

/** Those of them that only admins of a community may use. */
export const adminCommands: ReadonlySet<string> = new Set(['setup', 'mute', 'unmute'])

interface Around {
  readonly chats: Chats
  /** Tells what belongs to a community; without it, only the place in which an admin says /setup can be chosen. */
  readonly platform?: Pick<Platform, 'holds' | 'roles'>
  readonly incoming: Incoming
  readonly say: Sentences
  readonly now: Date
}

/** The commands of the chats, ready to run for what one person did. */
export const ownCommandsFor = (around: Around): Command[] =>
  ownCommands.map(command => ({
    ...command,
    verb: { ...command.verb, run: async (_, input) => runs[command.name]?.(around, input) },
    tell: output => (command.name === 'start' ? welcome(around) : [text(String(output), 'good')]),
  }))

const welcome = ({ say: { chatting } }: Around): Reply[] => [
  {
    kind: 'choices',
    text: chatting.welcome,
    choices: [
      { label: chatting.seeModels, line: '/models' },
      { label: chatting.giveRows, line: '/contribute' },
      { label: chatting.getHelp, line: '/help' },
    ],
  },
]

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

/** The chat that an admin chose. Throws `channel-foreign` where it is none of their community: the bot would write to strangers. */
const chosenChat = async (
  { incoming: { place }, platform, say }: Around,
  community: string,
  word: string,
): Promise<string> => {
  const chat = idOf(word)
  if (chat === place.chat || (await platform?.holds?.(community, chat)) === true) return chat
  throw fault('channel-foreign', say.chatting.channelForeign, { fix: '' })
}

/** The roles of the community behind the words, by id or name. Throws `role-unknown`: nobody could vote any more. */
const chosenRoles = async (
  { platform, say }: Around,
  community: string,
  words: readonly string[],
): Promise<Role[]> => {
  if (words.length === 0) return []
  const known = (await platform?.roles?.(community)) ?? []
  return words.map(word => {
    const wanted = idOf(word)
    const role =
      known.find(({ id }) => id === wanted) ??
      known.find(({ name }) => name.toLowerCase() === wanted.replace(/^@/, '').toLowerCase())
    if (role !== undefined) return role
    const names = known.map(({ name }) => name)
    throw fault('role-unknown', say.chatting.roleUnknown(wanted, names), { fix: '' })
  })
}

const muting =
  (muted: boolean) =>
  async (around: Around, input: unknown): Promise<string> => {
    const community = administered(around)
    const { person } = input as z.output<typeof somebody>
    const subject = mention.exec(person.trim())?.slice(1).find(Boolean)
    // A name that nobody resolved would mute nobody, and the admin would believe that it did.
    if (subject === undefined) throw fault('person-unknown', around.say.chatting.personUnknown, { fix: '' })
    await around.chats.mute(around.incoming.place.platform, community, subject, muted)
    return muted ? around.say.chatting.muted : around.say.chatting.unmuted
  }

const runs: Readonly<Record<string, (around: Around, input: unknown) => Promise<string>>> = {
  start: async () => '',
  setup: async (around, input) => {
    const { incoming, chats, say, now } = around
    const community = administered(around)
    const { channel, roles = [], language } = input as z.output<typeof setup>
    if (language !== undefined && !Object.hasOwn(languages, language))
      throw fault('language-unknown', say.chatting.languageUnknown(Object.keys(languages)), {
        fix: 'Choose one of them.',
      })
    const chat = channel === undefined ? incoming.place.chat : await chosenChat(around, community, channel)
    const chosen = await chosenRoles(around, community, roles)
    const settings = {
      channel: chat,
      roles: chosen.map(({ id }) => id),
      language: language ?? null,
      since: now.toISOString(),
    }
    await chats.setCommunity(incoming.place.platform, community, settings)
    return say.chatting.setUp(
      chat === incoming.place.chat ? say.chatting.thisChannel : say.chatting.chosenChannel,
      chosen.length === 0 ? say.chatting.everybody : chosen.map(({ name }) => name).join(', '),
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
