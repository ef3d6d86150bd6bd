import type { Meant, Situation, Understanding } from '../../tools/understanding.ts'
import type { Ranked } from './intents.ts'
import { mentionsIn } from './slots.ts'
import { plain } from './text.ts'
import { type ReadLine, wordsFor } from './words.ts'

/**
 * Below this the line is unclear. By fourfold cross-validation on the examples that the patterns were not written for, 92%
 * of the lines lie above it and 81% of those are read rightly; whatever moves something is confirmed anyway.
 */
const surely = 0.2

const smallTalk = new Set(['greeting', 'thanks', 'goodbye', 'yes', 'no'] as const)
type SmallTalk = typeof smallTalk extends Set<infer T> ? T : never
const isSmallTalk = (intent: string): intent is SmallTalk => (smallTalk as ReadonlySet<string>).has(intent)

const refusals = new Set(['private-data', 'others-money', 'injection'] as const)
type Refusal = typeof refusals extends Set<infer T> ? T : never
const isRefusal = (intent: string): intent is Refusal => (refusals as ReadonlySet<string>).has(intent)

/** Commands of the conversation itself, which every surface has. */
const ownCommands: readonly string[] = ['help', 'model', 'cancel']

/** The verbs that an intent may mean, where its name is another. */
const verbNames: Readonly<Record<string, readonly string[]>> = {
  export: ['takeout'],
  review: ['appeal', 'review'],
}

const commandOf = (
  intent: string,
  { commands }: Situation,
  words: Readonly<Record<string, string>>,
): string | undefined => {
  // Nobody can prefer before there are two answers.
  if (intent === 'prefer' && words.choice === undefined && commands.includes('another')) return 'another'
  return (verbNames[intent] ?? [intent]).find(name => ownCommands.includes(name) || commands.includes(name))
}

/** Commands whose words name one proposal or model: two names in a line are two things to do. */
const oneName = new Set(['vote', 'pledge', 'freeze', 'contribute', 'run', 'model'])

/**
 * Reads a line without a chat model: the likeliest intent with the words that its slot readers find. What it is not sure
 * of becomes up to three offers. It calls nothing.
 */
export const readByGrammar = (
  line: string,
  situation: Situation,
  rank: (line: string, names: readonly string[]) => readonly Ranked[],
): Understanding => {
  const names = [...new Set([...situation.proposals, ...situation.models])]
  const text = plain(line)
  const read: ReadLine = { text, names, mentions: mentionsIn(text, names), commands: situation.commands }
  const ranked = rank(line, names)
  const [top] = ranked
  if (text === '' || top === undefined) return { kind: 'unclear', options: [] }
  if (top.sure < surely || top.intent === 'unclear')
    return { kind: 'unclear', options: offers(ranked, line, read, situation) }
  const apart = namesApart(top.intent, read)
  if (apart.length > 1) return { kind: 'unclear', options: apart }
  return understandingOf(top, line, read, situation)
}

const understandingOf = (
  { intent, sure }: Ranked,
  line: string,
  read: ReadLine,
  situation: Situation,
): Understanding => {
  if (intent === 'ask') return { kind: 'ask', ...questionIn(line, read, situation), sure }
  if (intent === 'out-of-scope') return { kind: 'out-of-scope' }
  if (isSmallTalk(intent)) return { kind: 'small-talk', about: intent }
  if (isRefusal(intent)) return { kind: 'refuse', reason: intent }
  const words = wordsFor(intent, read)
  const command = commandOf(intent, situation, words)
  if (command !== undefined) return { kind: 'command', command, words, sure }
  if (intent === 'join') return { kind: 'small-talk', about: 'member' }
  return { kind: 'refuse', reason: 'not-available', command: intent }
}

/** One offer for each name of a line that says several, without the other words: which belong to which is not known. */
const namesApart = (intent: string, { mentions }: ReadLine): Meant[] => {
  const said = [...new Set(mentions.map(({ name }) => name))]
  if (!oneName.has(intent) || said.length < 2) return []
  const word = intent === 'run' || intent === 'model' ? intent : 'proposal'
  return said.slice(0, 3).map(name => ({ command: intent, words: { [word]: name } }))
}

/** The likeliest things that a line may have meant and that can be done here. */
const offers = (ranked: readonly Ranked[], line: string, read: ReadLine, situation: Situation): Meant[] =>
  ranked
    .slice(0, 6)
    .flatMap(({ intent }): Meant[] => {
      if (intent === 'ask') {
        const { model, question } = questionIn(line, read, situation)
        const asked = model ?? (situation.models.length === 1 ? situation.models[0] : undefined)
        return asked === undefined ? [] : [{ command: 'ask', words: { model: asked, question } }]
      }
      const words = wordsFor(intent, read)
      const command = commandOf(intent, situation, words)
      return command === undefined || command === 'cancel' ? [] : [{ command, words }]
    })
    .slice(0, 3)

/** `ask bees when …`, `bees: when …`, `question for bees: …`, up to the name. */
const address =
  /^(?:(?:please |hey )?(?:ask|question (?:for|to)|frage?(?: an)?|pregunta(?:le)? a|demande à) (?:the )?)?$/
const before = /\b(?:want|like|need|have|let|get) $/

/** The question of a line and the released model that it is put to by name; a name that is only talked about is none. */
const questionIn = (
  line: string,
  { text, mentions }: ReadLine,
  { models }: Situation,
): { model: string | null; question: string } => {
  const whole = line.trim()
  const [mention] = mentions
  if (mention === undefined || !models.includes(mention.name)) return { model: null, question: whole }
  const start = text.slice(0, mention.start)
  if (before.test(start)) return { model: mention.name, question: whole }
  const addressed = address.test(start) && (start !== '' || /^ ?[:,?]/.test(text.slice(mention.end)))
  if (!addressed) return { model: null, question: whole }
  // Only where both have the same letters in the same places can the name be cut off.
  const rest = whole.length === text.length ? whole.slice(mention.end).replace(/^[\s:,]+/, '') : ''
  return { model: mention.name, question: rest === '' ? whole : rest }
}
