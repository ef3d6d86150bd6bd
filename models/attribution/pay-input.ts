import { fault } from '../../infra/errors.ts'
import type { PayRow } from './division.ts'
import type { Ensemble } from './ensemble.ts'
import type { AnswerNats } from './gain.ts'

/** A paid answer of the settlement period, with what attribution found. */
export interface PayAnswer {
  id: string
  /** What the asker paid for it, smallest units. */
  revenueUnits: bigint
  /** Tokens of the answer, the end of the turn included. */
  tokens: number
  nats: AnswerNats
  /** Signed influence of every training row; positive: removing the row raises the loss. */
  influence: ArrayLike<number>
  /** -log p of the answer under each subset adapter, nats; needed where the release has an ensemble. */
  outcomes?: Float64Array
  askerAccount: string
  disputed: boolean
}

export interface PayInput {
  answers: readonly PayAnswer[]
  rows: readonly PayRow[]
  /** Part of the revenue that goes to the data, basis points. */
  dataShare: number
  /** The release's gain on its held-out reference answers: no answer's gain is above it. */
  maxGain: number
  /** Whether two accounts are known to be one person's; every account is linked to itself. */
  linked?: (a: string, b: string) => boolean
  /** The release's subset adapters; without them pay is provisional and has no error bars. */
  ensemble?: Ensemble
  /** Nats of loss per unit of influence where there is no ensemble; fitted to the period where absent, see `fitScale`. */
  scale?: number
}

/** Throws `pay-input` where figures are missing, out of range or no numbers. */
export const checkPayInput = ({ answers, rows, dataShare, maxGain, scale, ensemble }: PayInput): void => {
  const wrong = (what: string) =>
    fault('pay-input', `Pay cannot be computed: ${what}.`, {
      fix: 'Attribute every answer against the rows of its release.',
      blame: 'ours',
    })
  if (!Number.isInteger(dataShare) || dataShare < 0 || dataShare > 10_000)
    throw wrong(`the data share of ${dataShare} basis points is not between 0 and 10,000`)
  if (!Number.isFinite(maxGain)) throw wrong('the release has no gain')
  if (scale !== undefined && !(scale >= 0 && Number.isFinite(scale))) throw wrong('the scale is negative')
  if (ensemble !== undefined && ensemble.clustering.of.length !== rows.length)
    throw wrong(`the ensemble knows ${ensemble.clustering.of.length} rows of ${rows.length}`)
  for (const { id, influence, outcomes, nats, revenueUnits } of answers) {
    if (revenueUnits < 0n) throw wrong(`answer ${id} has a negative revenue`)
    if (influence.length !== rows.length)
      throw wrong(`answer ${id} has ${influence.length} influences for ${rows.length} rows`)
    if (ensemble !== undefined && outcomes?.length !== ensemble.members)
      throw wrong(`answer ${id} was not measured under the ensemble's ${ensemble.members} adapters`)
    const numbers = [nats.unigram, nats.base, nats.adapter, ...Array.from(influence), ...(outcomes ?? [])]
    if (!numbers.every(Number.isFinite)) throw wrong(`answer ${id} has a figure that is not a finite number`)
  }
}
