import { confirmationOf } from './confirmation.ts'
import { questionOf } from './questions.ts'
import { type Reply, text } from './reply.ts'
import type { Turn } from './running.ts'
import { type Confirmation, type Directory, readDirectory } from './session.ts'

/** Milliseconds that a yes to a model's price covers other questions at that price. */
const COVERED_MS = 3_600_000

/** Whether an earlier yes covers what would be asked. */
export const isCovered = ({ bot, session }: Turn, remember: string | null): boolean => {
  const since = remember === null ? undefined : session.confirmed.get(remember)
  return since !== undefined && bot.network.clock.now().getTime() - since < COVERED_MS
}

/** Notes that a yes was said, and forgets those that cover nothing any more. */
export const cover = (turn: Turn, remember: string | null): void => {
  const { confirmed } = turn.session
  for (const known of confirmed.keys()) if (!isCovered(turn, known)) confirmed.delete(known)
  if (remember !== null) confirmed.set(remember, turn.bot.network.clock.now().getTime())
}

const confirmationReplies = (turn: Turn, pending: Confirmation, directory: Directory, lead = ''): Reply[] => {
  const { say } = turn.session
  const { id, command, input } = pending
  const asked = confirmationOf(say, command, input, directory)
  return [
    ...(asked?.card === undefined ? [] : [asked.card]),
    {
      kind: 'choices',
      // What cost something may be free by now: the question stands all the same.
      text: `${lead}${asked?.question ?? say.confirm.other(command.name)}`,
      choices: [
        { label: say.yes, line: 'yes', pending: id },
        { label: say.no, line: 'no', pending: id },
      ],
    },
  ]
}

/** Asks what has to be confirmed, with everything that the yes would stand for. */
export const askToConfirm = (turn: Turn, pending: Confirmation, directory: Directory): void => {
  for (const reply of confirmationReplies(turn, pending, directory)) turn.say(reply)
}

/** Asks the open question again, after a remark. */
export const askOnceMore = async (turn: Turn, pending: Confirmation, remark: string): Promise<void> => {
  turn.say(text(remark))
  askToConfirm(turn, pending, await readDirectory(turn.bot, turn.session))
}

/** Goes on with what was asked before a look at something else. Others who read along are not shown what it is. */
export const goOn = async (turn: Turn): Promise<void> => {
  const { session, interrupted: pending } = turn
  if (pending === null || session.pending !== null) return
  session.pending = pending
  if (turn.discreet === true || turn.signal?.aborted === true) return
  const directory = await readDirectory(turn.bot, session)
  const lead = session.say.goesOn(pending.command.name)
  const replies =
    pending.kind === 'dialogue'
      ? [questionOf(session, pending, directory, turn, lead)]
      : confirmationReplies(turn, pending, directory, lead)
  for (const reply of replies) turn.say(reply)
}
