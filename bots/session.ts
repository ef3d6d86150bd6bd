import type { Caller, Network } from '../tools/context.ts'
import { call, type Verb } from '../tools/registry.ts'
import type { ProposalStatus } from '../tools/status.ts'
import type { Defaults } from './command-line.ts'
import { type Argument, type Command, commandsOf } from './commands.ts'
import { languages, type Sentences } from './sentences.ts'

/** What every conversation on one surface shares. */
export interface Bot {
  readonly network: Network
  readonly commands: readonly Command[]
  /** Calls a verb by name, without a conversation; undefined where this node has no such verb. */
  verb(name: string): Verb | undefined
}

export const openBot = (network: Network, verbs: readonly Verb[]): Bot => ({
  network,
  commands: commandsOf(verbs),
  verb: name => verbs.find(verb => verb.name === name),
})

/** What a surface lends a conversation. */
export interface Surroundings {
  /** Aborting it ends the call under way. */
  readonly signal?: AbortSignal
  /** Reads a file that the person names with `@path`; absent where a surface must not. */
  readFile?(path: string): Promise<string>
}

/** Arguments still to be asked for, one message each. */
export interface Dialogue {
  readonly kind: 'dialogue'
  readonly command: Command
  readonly input: Record<string, unknown>
  readonly open: Argument[]
  /** Lines of a rows argument so far. */
  lines: string[]
}

export interface Confirmation {
  readonly kind: 'confirmation'
  readonly command: Command
  readonly input: Record<string, unknown>
  /** What the person need not confirm again in this session; null: every time. */
  readonly remember: string | null
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
  readonly confirmed: Set<string>
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
  confirmed: new Set(),
  unpaid: null,
})

/** What can be named in a conversation. */
export interface Directory {
  /** Names of proposals that were not rejected, newest first. */
  readonly proposals: readonly string[]
  readonly models: readonly { name: string; version: number; priceUnits: string }[]
  readonly gathering: readonly string[]
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
    gathering: proposals.filter(({ state }) => state === 'gathering').map(({ name }) => name),
  }
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
