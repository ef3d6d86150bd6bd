import type { Caller, Network } from '../tools/context.ts'
import { call, type Verb } from '../tools/registry.ts'
import type { ProposalStatus } from '../tools/status.ts'
import type { Understand } from '../tools/understanding.ts'
import type { Defaults } from './command-line.ts'
import { type Argument, type Command, commandsOf } from './commands.ts'
import { languages, type Sentences } from './sentences.ts'

/** What every conversation on one surface shares. */
export interface Bot {
  readonly network: Network
  readonly commands: readonly Command[]
  /** Calls a verb by name, without a conversation; undefined where this node has no such verb. */
  verb(name: string): Verb | undefined
  /** Reads free text; without it, what ends in a question mark is asked and the rest is said to be a remark. */
  readonly understand?: Understand
}

export const openBot = (network: Network, verbs: readonly Verb[], understand?: Understand): Bot => ({
  network,
  ...(understand === undefined ? {} : { understand }),
  commands: commandsOf(verbs),
  verb: name => verbs.find(verb => verb.name === name),
})

/** What a surface lends a conversation. */
export interface Surroundings {
  /** Aborting it ends the call under way. */
  readonly signal?: AbortSignal
  /** Reads a file that the person names with `@path`; absent where a surface must not. */
  readFile?(path: string): Promise<string>
  /** Names this line: its calls are `<key>/<n>`, so that answering it again returns what it returned. Absent: each time anew. */
  readonly key?: string
  /** The open question that the line answers (see `Choice`); absent where the person typed it. */
  readonly pending?: string
  /** A file sent with the line, as `@path`: it is what a command lacks of rows. */
  readonly attached?: string
  /** Whether choices are buttons: questions then come with them, and no answer has to be an empty line. */
  readonly buttons?: boolean
  /** Others may read the answer: it shows nothing of the person's money. */
  readonly discreet?: boolean
  /** Hears which command the line turned out to be, before anything is said of it. Throws where the surface refuses it. */
  onCommand?(command: Command): void
  /** Hears what a command returned, before it is said. */
  onResult?(command: Command, input: Readonly<Record<string, unknown>>, output: unknown): void
  /** Hears that the answer tells a fault, before it is said. */
  onFault?(): void
}

/** A command whose arguments a form or a slash command tells apart: each as a person would type it. */
export interface FilledCommand {
  readonly name: string
  readonly words: Readonly<Record<string, string>>
}

/** Arguments still to be asked for, one message each. */
export interface Dialogue {
  readonly kind: 'dialogue'
  /** Names the dialogue; see `openQuestion`. */
  readonly id: string
  readonly command: Command
  readonly input: Record<string, unknown>
  /** None: the network refused the whole, and the person says which value to change. */
  readonly open: Argument[]
  /** Datanets whose licence stands: it is not asked for again. */
  readonly consented?: readonly string[]
  /** Lines of a rows argument so far. */
  lines: string[]
}

export interface Confirmation {
  readonly kind: 'confirmation'
  /** Names the question; see `openQuestion`. */
  readonly id: string
  readonly command: Command
  readonly input: Record<string, unknown>
  /** What the person need not confirm again within the hour; null: every time. */
  readonly remember: string | null
  /** Its values were asked for one by one: they are not thrown away when the network refuses one of them. */
  readonly guided?: boolean
}

/** One person's conversation. */
export interface Session {
  readonly caller: Caller
  readonly name: string
  readonly say: Sentences
  /** The model that questions go to. */
  model: string | null
  lastAnswer: string | null
  pending: Dialogue | Confirmation | null
  /** What a yes still covers, and since when, in milliseconds of the network's clock. */
  readonly confirmed: Map<string, number>
  /** The question that the balance did not cover, to be offered again after a top-up. */
  unpaid: string | null
}

export const openSession = (caller: Caller, name: string, language = 'en'): Session => ({
  caller,
  name,
  say: languages[language] ?? (languages.en as Sentences),
  model: null,
  lastAnswer: null,
  pending: null,
  confirmed: new Map(),
  unpaid: null,
})

/**
 * Names the question that stands open: a button answers this one and no later one, of the same dialogue neither. Values
 * are only ever taken off a dialogue's list, so that its length tells its questions apart.
 */
export const openQuestion = (pending: Dialogue | Confirmation): string =>
  pending.kind === 'confirmation' ? pending.id : `${pending.id}/${pending.open.length}`

/** What can be named in a conversation. */
export interface Directory {
  /** Names of proposals that were not rejected, newest first. */
  readonly proposals: readonly string[]
  readonly models: readonly { name: string; version: number; priceUnits: string }[]
  /** Those that take rows. */
  readonly gathering: readonly string[]
  /** Those whose poll is open. */
  readonly voting?: readonly string[]
  /** Every name that was ever proposed, rejected ones too. */
  readonly taken?: readonly string[]
  /** The licences that each proposal takes, by its name. */
  readonly licences?: ReadonlyMap<string, readonly string[]>
  /** Datanets whose licence the person has agreed to once for all. */
  readonly consented?: readonly string[]
}

/** Reads what can be named; the only released model becomes the session's model. */
export const readDirectory = async (bot: Bot, session: Session): Promise<Directory> => {
  const verb = bot.verb('status')
  if (verb === undefined) return { proposals: [], models: [], gathering: [] }
  const { proposals } = (await call(bot.network, session.caller, verb, {})) as { proposals: ProposalStatus[] }
  const models = proposals.flatMap(({ name, release, priceUnits }) =>
    release === null ? [] : [{ name, version: release.version, priceUnits }],
  )
  const [only] = models
  if (models.length === 1 && only !== undefined) session.model ??= only.name
  return {
    models,
    proposals: proposals.filter(({ state }) => state !== 'rejected').map(({ name }) => name),
    gathering: proposals
      .filter(({ state, gatheringClosedAt }) => state === 'gathering' && gatheringClosedAt === null)
      .map(({ name }) => name),
    voting: proposals
      .filter(({ state, poll }) => state === 'voting' && poll === null)
      .map(({ name }) => name),
    taken: proposals.map(({ name }) => name),
    licences: new Map(proposals.map(({ name, licences }) => [name, licences])),
    consented: await readConsents(bot, session),
  }
}

const readConsents = async (bot: Bot, { caller }: Session): Promise<string[]> => {
  const verb = bot.verb('consents')
  if (verb === undefined || caller.accountId === null) return []
  const { consents } = (await call(bot.network, caller, verb, {})) as {
    consents: { proposal: string; revokedAt: string | null }[]
  }
  return consents.filter(({ revokedAt }) => revokedAt === null).map(({ proposal }) => proposal)
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** The words a person may leave out in this session. */
export const defaultsOf = (session: Session, directory: Directory): Defaults => ({
  known: (argument, word) => {
    const name = word.toLowerCase().split('@')[0] ?? ''
    if (argument === 'model') return directory.models.some(model => model.name === name)
    if (argument === 'proposal') return directory.proposals.includes(name)
    return uuid.test(word)
  },
  value: argument => {
    if (argument === 'model') return session.model ?? undefined
    if (argument === 'answer') return session.lastAnswer ?? undefined
    if (argument === 'proposal') return directory.proposals.length === 1 ? directory.proposals[0] : undefined
    return undefined
  },
})
