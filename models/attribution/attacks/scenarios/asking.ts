import { type Attack, type AttackQuestion, insiderOf, noGain, price, rowsOf } from '../scenario.ts'

/**
 * A contributor asks what its own rows answer, once for each row or often for one of them, from its own account or from one that
 * nobody knows to be its own. What the asking costs is taken off its income. The answers are the rows' own: nothing could
 * speak for the asker more.
 */
export const selfAsking: Attack = base => {
  const insider = insiderOf(base)
  const own = rowsOf(base, insider)
  const buyer = `buyer for ${insider}`
  const ask = (asker: string, rows: typeof own): AttackQuestion[] =>
    rows.map(({ prompt, answer }) => ({ asker, prompt, answer, revenueUnits: price }))
  const scenario = (
    name: string,
    about: string,
    questions: AttackQuestion[],
    linked: readonly (readonly [string, string])[] = [],
  ) => ({
    name,
    about,
    rows: base.rows,
    questions: [...base.questions, ...questions],
    linked,
    attackers: [insider, buyer],
    honestIncomeOf: own.map(row => row.id),
    bar: noGain,
  })
  return [
    scenario('asking oneself', 'A contributor asks what its rows answer.', ask(insider, own)),
    scenario('asking oneself, linked', 'The same from an account known to be its own.', ask(buyer, own), [
      [insider, buyer],
    ]),
    scenario(
      'asking oneself, unlinked',
      'The same from an account that nobody knows to be its own.',
      ask(buyer, own),
    ),
    scenario(
      'asking oneself, one row',
      'An unknown account asks for one row as often as the others ask for all.',
      ask(
        buyer,
        Array.from(base.questions, () => own[0]!),
      ),
    ),
  ]
}
