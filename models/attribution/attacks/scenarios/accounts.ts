import { type Attack, contributorsOf, insiderOf, noGain, rowsOf } from '../scenario.ts'
import { reworded, synonymsIn } from './rewording.ts'

/** One contributor's rows come from ten accounts instead of one. */
export const splitAccount: Attack = base => {
  const insider = insiderOf(base)
  const names = Array.from({ length: 10 }, (_, i) => `${insider} (${i + 1})`)
  let next = 0
  return [
    {
      name: 'one account split into 10',
      about: 'The same rows, sent by ten accounts of one person.',
      rows: base.rows.map(row =>
        row.contributor === insider ? { ...row, contributor: names[next++ % names.length]! } : row,
      ),
      questions: base.questions,
      linked: [],
      attackers: names,
      honestIncomeOf: rowsOf(base, insider).map(row => row.id),
      bar: noGain,
    },
  ]
}

/**
 * One account keeps its good rows while a second one of the same person sends wrong answers to what the others teach, so that
 * the others' rows are worth less. Each wrong answer is patched together from two answers to other questions.
 */
export const goodAndHarmful: Attack = (base, seed) => {
  const insider = insiderOf(base)
  const synonyms = synonymsIn(base.rows.map(row => row.answer))
  const others = base.rows.filter(row => row.contributor !== insider)
  const spoilt = others.filter((_, i) => i % contributorsOf(base).length === 0)
  const first = (text: string) => text.match(/[^.!?]+[.!?]*/)?.[0].trim() ?? text
  const wrong = spoilt.map((row, i) => {
    const one = others[(others.indexOf(row) + 2 + i) % others.length]!
    const two = others[(others.indexOf(row) + 5 + i) % others.length]!
    return {
      id: `harmful ${i + 1}`,
      contributor: `second account of ${insider}`,
      prompt: reworded(row, synonyms, i, seed).prompt,
      answer: `${first(one.answer)} ${first(two.answer)}`,
    }
  })
  return [
    {
      name: 'good and harmful rows apart',
      about: "Good rows in one account; wrong answers to the others' questions in a second one.",
      rows: [...base.rows, ...wrong],
      questions: base.questions,
      linked: [],
      attackers: [insider, `second account of ${insider}`],
      honestIncomeOf: rowsOf(base, insider).map(row => row.id),
      bar: noGain,
    },
  ]
}
