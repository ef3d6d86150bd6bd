import type { Argument, Command } from './commands.ts'
import { licencesOf } from './judging.ts'
import { type Choice, type Reply, text } from './reply.ts'
import { type Dialogue, type Directory, openQuestion, type Session, type Surroundings } from './session.ts'

/** The question that a dialogue has open, with the answers there are to choose from. */
export const questionOf = (
  session: Session,
  dialogue: Dialogue,
  directory: Directory,
  surroundings: Surroundings,
  lead = '',
): Reply => {
  const [next] = dialogue.open
  const buttons = surroundings.buttons === true
  const prompt = `${lead}${next === undefined ? session.say.whichValue : promptOf(session, dialogue, next, buttons)}`
  const choices = [
    ...(next === undefined
      ? changeable(dialogue.command).map(({ name }) => choice(dialogue, name, name))
      : named(dialogue, next, directory)),
    ...(buttons && next !== undefined ? buttonsFor(session, dialogue, next, directory) : []),
    ...(buttons ? [cancelChoice(session, dialogue)] : []),
  ]
  return choices.length === 0 ? text(prompt) : { kind: 'choices', text: prompt, choices }
}

/** What ends a dialogue at the press of a button. */
export const cancelChoice = ({ say }: Session, dialogue: Dialogue): Choice =>
  choice(dialogue, say.cancel, '/cancel')

/** The arguments that can be asked for again. */
export const changeable = ({ arguments: known }: Command): Argument[] =>
  known.filter(({ kind }) => kind !== 'record')

const promptOf = ({ say }: Session, { command }: Dialogue, argument: Argument, buttons: boolean): string => {
  const prompt =
    say.prompts[`${command.name}.${argument.name}`] ??
    say.prompts[argument.name] ??
    say.prompt(argument.name, argument.help)
  // A button keeps the default, and nobody can send an empty message.
  return argument.fallback === undefined || buttons
    ? prompt
    : `${prompt} ${say.keepDefault(argument.fallback)}`
}

const choice = (dialogue: Dialogue, label: string, line: string): Choice => ({
  label,
  line,
  pending: openQuestion(dialogue),
})

/** The proposals that a command can be about now; undefined where it may be any. */
export const candidatesFor = (
  { name }: Command,
  { gathering, voting = [] }: Directory,
): readonly string[] | undefined => {
  if (name === 'vote') return voting
  if (name === 'pledge') return [...voting, ...gathering]
  return name === 'contribute' ? gathering : undefined
}

const named = (dialogue: Dialogue, { name }: Argument, directory: Directory): Choice[] =>
  name === 'proposal'
    ? (candidatesFor(dialogue.command, directory) ?? []).map(word => choice(dialogue, word, word))
    : []

/** What a question can be answered with at the press of a button. */
const buttonsFor = (
  { say }: Session,
  dialogue: Dialogue,
  argument: Argument,
  directory: Directory,
): Choice[] => {
  const { kind, name, required, fallback, choices } = argument
  if (kind === 'rows') return dialogue.lines.length === 0 ? [] : [choice(dialogue, say.chatting.done, '')]
  if (kind === 'yes-no') return [choice(dialogue, say.yes, 'yes'), choice(dialogue, say.no, 'no')]
  const licences = name === 'licence' ? (licencesOf(dialogue.input.proposal, directory) ?? []) : []
  const words = kind === 'choice' ? choices : licences.filter(licence => licence !== fallback)
  const known = words.map(word => choice(dialogue, word, word))
  if (required || (fallback !== undefined && licences.length > 0 && !licences.includes(fallback)))
    return known
  return [
    ...known,
    choice(dialogue, fallback === undefined ? say.chatting.skip : say.chatting.keep(fallback), ''),
  ]
}
