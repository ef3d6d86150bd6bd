import type { Caller } from '../../tools/context.ts'
import { type Command, findCommand } from '../commands.ts'
import { languages, type Sentences } from '../sentences.ts'
import { type Bot, openSession, type Session } from '../session.ts'

/** A session as it is kept: commands by their names. */
interface KeptSession {
  readonly accountId: string | null
  readonly model: string | null
  readonly lastAnswer: string | null
  readonly unpaid: string | null
  /** What was confirmed, and when in milliseconds; without a time, by an older process, it counts no more. */
  readonly confirmed: readonly (string | readonly [string, number])[]
  readonly pending: KeptPending | null
}

type KeptPending = {
  readonly command: string
  readonly input: Record<string, unknown>
  readonly id: string
} & (
  | {
      readonly kind: 'dialogue'
      readonly open: readonly string[]
      readonly lines: readonly string[]
      readonly consented?: readonly string[]
    }
  | { readonly kind: 'confirmation'; readonly remember: string | null; readonly guided?: boolean }
)

/** A session as JSON. */
export const sessionJson = ({ caller, model, lastAnswer, unpaid, confirmed, pending }: Session): unknown => {
  const kept: KeptSession = {
    accountId: caller.accountId,
    model,
    lastAnswer,
    unpaid,
    confirmed: [...confirmed],
    pending: pending && keptPending(pending),
  }
  return kept
}

const keptPending = (pending: NonNullable<Session['pending']>): KeptPending => {
  const { id, input } = pending
  const command = pending.command.name
  return pending.kind === 'confirmation'
    ? {
        kind: 'confirmation',
        id,
        command,
        input,
        remember: pending.remember,
        ...(pending.guided === true ? { guided: true } : {}),
      }
    : {
        kind: 'dialogue',
        id,
        command,
        input,
        open: pending.open.map(({ name }) => name),
        lines: pending.lines,
        ...(pending.consented === undefined ? {} : { consented: pending.consented }),
      }
}

/** A session from JSON, or a new one; a question of a command that is no more is forgotten. */
export const sessionFrom = (
  kept: unknown,
  { commands }: Pick<Bot, 'commands'>,
  { caller, name, say }: { caller: Caller; name: string; say: Sentences },
): Session => {
  const session: Session = { ...openSession(caller, name), say }
  if (kept === null || kept === undefined) return session
  const { model, lastAnswer, unpaid, confirmed, pending } = kept as KeptSession
  const command = pending === null ? undefined : findCommand(commands, pending.command)
  return Object.assign(session, {
    model,
    lastAnswer,
    unpaid,
    confirmed: new Map(confirmed.filter(item => typeof item !== 'string')),
    pending: pending === null || command === undefined ? null : revived(pending, command),
  })
}

const revived = (pending: KeptPending, command: Command): Session['pending'] => {
  if (pending.kind === 'confirmation') return { ...pending, command }
  const open = pending.open.flatMap(name => command.arguments.find(argument => argument.name === name) ?? [])
  return { ...pending, command, open, lines: [...pending.lines] }
}

/** The sentences of a chat: in a language that the bot has, for messages with buttons, and without what only the asker should read. */
export const chatSentences = (wanted: readonly (string | undefined)[], discreet: boolean): Sentences => {
  const tags = wanted.flatMap(tag => (tag === undefined ? [] : [tag.toLowerCase().split('-')[0] ?? '']))
  const found = tags.find(tag => Object.hasOwn(languages, tag)) ?? 'en'
  const say = languages[found] as Sentences
  return {
    ...say,
    prompts: { ...say.prompts, ...say.chatting.prompts },
    rowsSoFar: say.chatting.rowsSoFar,
    ...(discreet ? { answerFoot: say.chatting.answerFoot } : {}),
  }
}
