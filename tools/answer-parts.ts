import type { AnswerNats } from '../models/attribution/gain.ts'

/** Where an answer's data share goes; the four parts are 0 to 1 and add up to 1. */
export interface AnswerParts {
  /** To the contributors. */
  readonly people: number
  /** What the base model already knew. */
  readonly base: number
  /** Above what one answer may count for: nobody's. */
  readonly capped: number
  /** Added by the tuning, but not to be told whose: below the noise, near-copies, withdrawn rows, or abstained from. */
  readonly unclear: number
}

/**
 * Divides the way from word frequencies to the answer as the tuned model gives it. The base goes (unigram - base) /
 * (unigram - adapter) of it, the tuning the rest; a base that is less sure than word frequencies goes nothing of it, and a
 * tuned model that is no surer than the base goes nothing itself. Where neither is surer than word frequencies, all is unclear.
 * @param nats of the answer under word frequencies, base and tuned model
 * @param gain the part that the answer pays out of at most, 0 to 0.9: the tuning's part after its limits
 * @param people the contributors' shares added up, 0 to 1
 */
export const answerParts = (nats: AnswerNats, gain: number, people: number): AnswerParts => {
  const { unigram, base, adapter } = nats
  const part = (value: number, most: number) => Math.min(Math.max(value, 0), most)
  const given = part(people, 1)
  const way = unigram - Math.min(adapter, base)
  const known = way > 0 ? part((unigram - base) / way, 1) : 0
  const tuned = way > 0 ? 1 - known : 0
  const ofBase = part(known, 1 - given)
  const left = 1 - given - ofBase
  const capped = part(tuned - gain, left)
  return { people: given, base: ofBase, capped, unclear: left - capped }
}
