import type { Caller } from './context.ts'

/** A command with the words that a line told, each as a person would type it; nothing was called yet. */
export interface Meant {
  /** A verb's name, or `help`, `model`, `cancel`: the conversation's own commands. */
  readonly command: string
  readonly words: Readonly<Record<string, string>>
}

/** Why a line is not acted on. */
export type RefusalReason =
  /** It asks for what belongs to somebody else: balances, questions, ballots, addresses. */
  | 'private-data'
  /** It would move what belongs to somebody else or to the network. */
  | 'others-money'
  /** It tries to talk the bot out of its rules. */
  | 'injection'
  /** There is no such command for this person here; `command` names what was meant. */
  | 'not-available'

/** What a line of free text was read as. Whoever gets it still asks for the confirmation that the command needs. */
export type Understanding =
  /** `sure`: 0 to 1. */
  | (Meant & { readonly kind: 'command'; readonly sure: number })
  /** A question to a model; null: the one of the conversation. */
  | { readonly kind: 'ask'; readonly model: string | null; readonly question: string; readonly sure: number }
  /** At most three things that it may have meant, the likeliest first. */
  | { readonly kind: 'unclear'; readonly options: readonly Meant[] }
  | { readonly kind: 'refuse'; readonly reason: RefusalReason; readonly command?: string }
  /** Nothing that this network or its models are for. */
  | { readonly kind: 'out-of-scope' }
  /** `yes` and `no`: where nothing was asked; `member`: the person asked to join and has an account. */
  | {
      readonly kind: 'small-talk'
      readonly about: 'greeting' | 'thanks' | 'goodbye' | 'yes' | 'no' | 'member'
    }

/** What is known where a line was written. */
export interface Situation {
  readonly caller: Caller
  /** Names of the released models. */
  readonly models: readonly string[]
  /** Names of the proposals that were not rejected. */
  readonly proposals: readonly string[]
  /** Names of those that gather data. */
  readonly gathering: readonly string[]
  /** Names of the commands that this person may use here. */
  readonly commands: readonly string[]
  /** The command that is being asked for word by word or waits for a yes; null where nothing does. */
  readonly pending: string | null
  /** Id of the person's last answer in this conversation. */
  readonly lastAnswer: string | null
  readonly signal?: AbortSignal
}

/** Reads a line of free text. It calls nothing that changes anything, and never throws. */
export type Understand = (line: string, situation: Situation) => Promise<Understanding>

/** The command line of what was meant: `/vote proposal=bees choice=yes`; a question comes last, as it stands. */
export const lineOf = ({ command, words }: Meant): string => {
  const { question, ...rest } = words
  const parts = Object.entries(rest).map(
    ([name, value]) => `${name}=${/[\s"']/.test(value) ? `"${value.replaceAll('"', "'")}"` : value}`,
  )
  // The conversation's own commands take one word by position.
  const own = command === 'help' || command === 'model' ? Object.values(rest) : parts
  return [`/${command}`, ...own, ...(question === undefined ? [] : [`question=${question}`])].join(' ')
}
