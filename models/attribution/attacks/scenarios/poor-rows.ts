import { uniform } from '../../../sampling.ts'
import { words } from '../../words.ts'
import {
  type Attack,
  type AttackRow,
  type HonestBase,
  insiderOf,
  noGain,
  nothing,
  rowsOf,
} from '../scenario.ts'

/** As many rows as a contributor of the base has. */
const share = (base: HonestBase): number => rowsOf(base, insiderOf(base)).length

/** An account sends words of the datanet in random order. */
export const noise: Attack = (base, seed) => {
  const random = uniform(seed)
  const bag = [...new Set(base.rows.flatMap(row => words(`${row.prompt} ${row.answer}`)))].sort()
  const some = (count: number) =>
    Array.from({ length: count }, () => bag[Math.floor(random() * bag.length)]!).join(' ')
  const rows: AttackRow[] = Array.from({ length: share(base) }, (_, i) => ({
    id: `noise ${i + 1}`,
    contributor: 'noise',
    prompt: `${some(9)}?`,
    answer: `${some(32)}.`,
  }))
  return [
    {
      name: 'random noise account',
      about: 'Words of the datanet in random order, as if no check of the text had refused them.',
      rows: [...base.rows, ...rows],
      questions: base.questions,
      linked: [],
      attackers: ['noise'],
      honestIncomeOf: [],
      bar: nothing,
    },
  ]
}

/** An account sends true and well-written rows about other things. */
export const filler: Attack = base => [
  {
    name: 'off-topic filler',
    about: 'Good rows about things that nobody asks this datanet.',
    rows: [
      ...base.rows,
      ...base.offTopic.slice(0, share(base)).map(({ prompt, answer }, i) => ({
        id: `filler ${i + 1}`,
        contributor: 'filler',
        prompt,
        answer,
      })),
    ],
    questions: base.questions,
    linked: [],
    attackers: ['filler'],
    honestIncomeOf: [],
    bar: nothing,
  },
]

/**
 * A contributor rewrites its rows for leverage: each answer keeps its first sentence and goes on with rare letter groups, whose
 * tokens the model finds so unlikely that the row's gradient outgrows all others.
 */
export const leverage: Attack = (base, seed) => {
  const insider = insiderOf(base)
  const random = uniform(seed)
  const letters = 'qxzjvkw'
  const group = () =>
    Array.from(
      { length: 3 + Math.floor(random() * 4) },
      () => letters[Math.floor(random() * letters.length)]!,
    ).join('')
  return [
    {
      name: 'outlier rows for leverage',
      about: 'Own answers end in strings that no model expects, for gradients larger than all others.',
      rows: base.rows.map(row =>
        row.contributor === insider
          ? {
              ...row,
              id: `outlier: ${row.id}`,
              answer: `${row.answer.match(/[^.!?]+[.!?]*/)?.[0] ?? row.answer} ${Array.from({ length: 12 }, group).join(' ')}.`,
            }
          : row,
      ),
      questions: base.questions,
      linked: [],
      attackers: [insider],
      honestIncomeOf: rowsOf(base, insider).map(row => row.id),
      bar: noGain,
    },
  ]
}

/** A contributor's answers are shuffled between its questions: every text is sound, and every row is wrong. */
export const flippedAnswers: Attack = (base, seed) => {
  const insider = insiderOf(base)
  const own = rowsOf(base, insider)
  // A cyclic shift leaves no answer with its question, whatever the seed.
  const by = 1 + Math.floor(uniform(seed)() * (own.length - 1))
  return [
    {
      name: 'label flipping',
      about: 'Answers shuffled between the questions of one account.',
      rows: base.rows.map(row => {
        const at = own.indexOf(row)
        return at < 0
          ? row
          : { ...row, id: `flipped: ${row.id}`, answer: own[(at + by) % own.length]!.answer }
      }),
      questions: base.questions,
      linked: [],
      attackers: [insider],
      honestIncomeOf: own.map(row => row.id),
      bar: noGain,
    },
  ]
}
