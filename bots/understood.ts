import { lineOf, type Meant, type Situation, type Understanding } from '../tools/understanding.ts'
import { findCommand } from './commands.ts'
import { oneLine } from './format.ts'
import { type Choice, type Reply, text } from './reply.ts'
import type { Bot, Directory, FilledCommand, Session } from './session.ts'

/** What to do about a line of free text: say something, and go on with a line, a command, or a question to a model. */
export interface Acting {
  readonly replies: readonly Reply[]
  readonly line?: string
  readonly filled?: FilledCommand
  readonly ask?: { readonly model: string | null; readonly question: string }
}

/** Commands of the conversation itself: they change nothing, and take their words by position. */
const conversational = new Set(['help', 'model', 'cancel'])

/** What a concierge may know of where a line was written. */
export const situationOf = (
  { commands }: Bot,
  { caller, lastAnswer, pending }: Session,
  { models, proposals, gathering }: Directory,
  signal?: AbortSignal,
): Situation => ({
  caller,
  models: models.map(({ name }) => name),
  proposals,
  gathering,
  commands: commands.map(({ name }) => name),
  pending: pending?.command.name ?? null,
  lastAnswer,
  ...(signal === undefined ? {} : { signal }),
})

/**
 * What follows from what a line was read as. A command that only shows something is run; one that moves money or votes is
 * run too, since the conversation asks for a yes before either; any other one waits for the press of a button.
 */
export const actOn = (read: Understanding, line: string, bot: Bot, session: Session): Acting => {
  const { understanding: say } = session.say
  const only = (words: string): Acting => ({ replies: [text(words)] })
  switch (read.kind) {
    case 'ask':
      return { replies: [], ask: { model: read.model ?? session.model, question: read.question } }
    case 'command':
      return actOnCommand(read, bot, session)
    case 'unclear': {
      const options = read.options.filter(({ command }) => command !== 'help')
      const choices = [...options.map(option => choiceOf(option, session)), ...usual(session)]
      return { replies: [{ kind: 'choices', text: say.unclear(oneLine(line, 60)), choices }] }
    }
    case 'refuse':
      return only(say.refusals[read.reason])
    case 'out-of-scope':
      return only(say.outOfScope)
    case 'small-talk':
      return only(say.smallTalk[read.about])
  }
}

const actOnCommand = (meant: Meant, bot: Bot, { say }: Session): Acting => {
  const line = lineOf(meant)
  if (conversational.has(meant.command)) return { replies: [], line }
  const command = findCommand(bot.commands, meant.command)
  const shown = meaningOf(meant, say)
  // What links an identity is nobody's to start but the person's, though it moves nothing yet.
  if (command?.effect === 'write' || meant.command === 'link') {
    const choices = [{ label: say.understanding.doIt, line }]
    return { replies: [{ kind: 'choices', text: say.understanding.shallI(shown), choices }] }
  }
  const replies = [text(say.understanding.readAs(shown), 'quiet')]
  return { replies, filled: { name: meant.command, words: meant.words } }
}

/** What was meant, in words: `vote yes on bees`. */
const meaningOf = (meant: Meant, { understanding: { meanings } }: Session['say']): string => {
  const words = Object.hasOwn(meanings, meant.command) ? meanings[meant.command]?.(meant.words) : undefined
  return oneLine(words ?? lineOf(meant), 80)
}

const choiceOf = (meant: Meant, { say }: Session): Choice => {
  const label = oneLine(meaningOf(meant, say), 60)
  return { label: `${label.charAt(0).toUpperCase()}${label.slice(1)}`, line: lineOf(meant) }
}

const usual = ({ say }: Session): Choice[] => [
  { label: say.seeStatus, line: '/status' },
  { label: say.seeHelp, line: '/help' },
]
