import { parseArgs } from 'node:util'
import type { Situation, Understanding } from '../../tools/understanding.ts'
import { openGrammar } from '../concierge.ts'
import { readUtterances, sampleNames, type Utterance } from './intents.ts'

/** The situation that the labelled lines are read in; `names` are those that the lines themselves speak of beside the sample's. */
export const sampleSituation = (names: readonly string[] = []): Situation => ({
  caller: { role: 'member', accountId: '018f0000-0000-7000-8000-00000000000a', surface: 'evaluation' },
  models: ['beekeeping', 'med-qa', 'bread-baking', ...names],
  proposals: [...sampleNames, ...names],
  gathering: ['mushroom-finder', 'old-maps'],
  commands:
    'status models explain feedback prefer vote pledge deposit claim account contribute submission propose withdraw erase takeout another consent unlink link run receipt events event freeze notices join ask setup'.split(
      ' ',
    ),
  pending: null,
  lastAnswer: '018f0000-0000-7000-8000-0000000000ee',
})

/** Labels of verbs that are named otherwise. */
const verbLabels: Readonly<Record<string, string>> = { takeout: 'export', another: 'prefer' }

/** The label that an understanding stands for. */
export const intentOf = (understanding: Understanding): string => {
  switch (understanding.kind) {
    case 'command':
      return verbLabels[understanding.command] ?? understanding.command
    case 'refuse':
      return understanding.reason === 'not-available'
        ? (understanding.command ?? understanding.reason)
        : understanding.reason
    case 'small-talk':
      return understanding.about === 'member' ? 'join' : understanding.about
    default:
      return understanding.kind
  }
}

/** Other names that sets from elsewhere may use for an intent. */
const otherNames: Readonly<Record<string, string>> = {
  why: 'explain',
  balance: 'account',
  earnings: 'account',
  thumb: 'feedback',
  topup: 'deposit',
  'top-up': 'deposit',
  delete: 'erase',
  appeal: 'review',
  'model-choice': 'model',
  out_of_scope: 'out-of-scope',
  attack: 'injection',
  'prompt-injection': 'injection',
  hello: 'greeting',
  bye: 'goodbye',
  oos: 'out-of-scope',
}
const labelOf = (intent: string): string => otherNames[intent] ?? intent

/** What was read of a line, as labels are written: the last answer goes without its id, and a question without its text. */
const slotsOf = (understanding: Understanding, { lastAnswer }: Situation): Record<string, string> => {
  if (understanding.kind === 'ask') return understanding.model === null ? {} : { model: understanding.model }
  if (understanding.kind !== 'command') return {}
  return Object.fromEntries(Object.entries(understanding.words).filter(([, value]) => value !== lastAnswer))
}

export interface Score {
  readonly lines: number
  /** Share of lines whose intent is right; `unclear` counts as wrong but where it is the label. */
  readonly intents: number
  /** Among lines with the right intent, the share whose words are all right and no word is made up. */
  readonly slots: number
  /** Share of lines that were read rightly or whose right intent is among the offers. */
  readonly offered: number
  /** By label: lines, those found, and those taken for it. */
  readonly classes: ReadonlyMap<string, { lines: number; found: number; taken: number }>
  readonly wrong: readonly { text: string; wanted: string; read: string; words: string }[]
}

/** Reads labelled lines without a chat model and scores what was understood. */
export const evaluate = async (utterances: readonly Utterance[]): Promise<Score> => {
  const understand = openGrammar()
  const names = utterances.flatMap(({ slots }) => [slots.proposal ?? [], slots.model ?? []].flat())
  const situation = sampleSituation([...new Set(names)].filter(name => !sampleNames.includes(name)))
  const classes = new Map<string, { lines: number; found: number; taken: number }>()
  const count = (label: string) => {
    const entry = classes.get(label) ?? { lines: 0, found: 0, taken: 0 }
    classes.set(label, entry)
    return entry
  }
  const wrong: { text: string; wanted: string; read: string; words: string }[] = []
  let right = 0
  let offered = 0
  let whole = 0
  for (const utterance of utterances) {
    const understood = await understand(utterance.text, situation)
    const [wanted, read] = [labelOf(utterance.intent), intentOf(understood)]
    const words = slotsOf(understood, situation)
    const told = Object.entries(utterance.slots).filter(([, value]) => value !== 'last')
    const same =
      told.length === Object.keys(words).length && told.every(([name, value]) => words[name] === value)
    count(wanted).lines++
    count(read).taken++
    if (wanted === read) {
      right++
      count(wanted).found++
      if (same) whole++
    }
    const among =
      understood.kind === 'unclear' &&
      understood.options.some(({ command }) => (verbLabels[command] ?? command) === wanted)
    if (wanted === read || among) offered++
    if (wanted !== read || !same)
      wrong.push({ text: utterance.text, wanted, read, words: JSON.stringify(words) })
  }
  const lines = utterances.length
  return { lines, intents: right / lines, slots: whole / right, offered: offered / lines, classes, wrong }
}

const percent = (share: number): string => `${(100 * share).toFixed(1)}%`

/** The lines that `npm run concierge-eval` prints. */
export const reportOf = ({ lines, intents, slots, offered, classes, wrong }: Score): string => {
  const table = [...classes]
    .filter(([, entry]) => entry.lines > 0)
    .sort(([a, x], [b, y]) => x.found / x.lines - y.found / y.lines || a.localeCompare(b))
    .map(
      ([label, entry]) =>
        `${label.padEnd(14)} ${String(entry.lines).padStart(5)} ${percent(entry.found / entry.lines).padStart(7)} ${(entry.taken === 0 ? '-' : percent(entry.found / entry.taken)).padStart(9)}`,
    )
  return [
    `${lines} lines, ${table.length} intents, no chat model`,
    `intent accuracy      ${percent(intents)}`,
    `slot accuracy        ${percent(slots)} of the lines with the right intent`,
    `right or offered     ${percent(offered)}`,
    '',
    'intent         lines  recall precision',
    ...table,
    ...(wrong.length === 0 ? [] : ['', 'read otherwise (wanted -> read, words read)']),
    ...wrong.map(({ text, wanted, read, words }) => `${wanted} -> ${read} ${words}  ${text}`),
  ].join('\n')
}

if (process.argv[1] === import.meta.filename) {
  const { values } = parseArgs({ options: { file: { type: 'string' }, brief: { type: 'boolean' } } })
  const file = values.file ?? new URL('../../infra/samples/utterances/held-out.jsonl', import.meta.url)
  const score = await evaluate(readUtterances(file))
  process.stdout.write(`${reportOf(values.brief === true ? { ...score, wrong: [] } : score)}\n`)
}
