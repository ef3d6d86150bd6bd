import type { Attack, HonestBase, Scenario } from './scenario.ts'
import { goodAndHarmful, splitAccount } from './scenarios/accounts.ts'
import { selfAsking } from './scenarios/asking.ts'
import { backdatedCopies, ownCopies, rewordedCopies, verbatimCopies } from './scenarios/copies.ts'
import { filler, flippedAnswers, leverage, noise } from './scenarios/poor-rows.ts'

const attacks: readonly Attack[] = [
  verbatimCopies,
  rewordedCopies,
  ownCopies,
  backdatedCopies,
  splitAccount,
  goodAndHarmful,
  noise,
  filler,
  leverage,
  flippedAnswers,
  selfAsking,
]

/** Every attack on one base; no model is asked. */
export const scenariosOf = (base: HonestBase, seed = 1): Scenario[] =>
  attacks.flatMap(attack => attack(base, seed))
