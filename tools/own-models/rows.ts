import parseLicence from 'spdx-expression-parse'
import { canonicalJson, sha256Hex } from '../../infra/canonical.ts'
import { fault } from '../../infra/errors.ts'
import { defaultCheckPolicy } from '../checks/check.ts'
import { Datanet } from '../checks/datanet-view.ts'
import { personalData } from '../checks/personal-data.ts'
import { secrets } from '../checks/secrets.ts'
import { limits } from '../limits.ts'

export interface OwnRow {
  readonly question: string
  readonly answer: string
  readonly licence: string
}

/** Rows parted into what is trained on and what is held out, with what was left out of both and what to look at. */
export interface Parted {
  readonly training: readonly OwnRow[]
  readonly heldOut: readonly OwnRow[]
  readonly dropped: { readonly empty: number; readonly tooLong: number; readonly duplicate: number }
  /** Rows that seem to hold such data; they are kept. */
  readonly warnings: { readonly personalData: number; readonly secrets: number }
}

/** Held-out rows: a tenth, within these bounds. */
export const heldOutRows = { share: 0.1, least: 10, most: 200 } as const
/** Rows of one call at most: a training of about 15 minutes on two cores with the shipped base. */
export const mostRows = 20_000
/** Fewer training rows teach nothing that could be measured. */
export const leastTraining = 10

const nothing = new Datanet({ purpose: '', policy: defaultCheckPolicy })

/**
 * Cleans rows and holds a tenth of them out: those with the smallest hashes, so that the order of the file does not matter
 * and the same file always parts the same way. Empty and too long rows and repetitions are left out.
 * @param fits whether a question leaves room for its answer in the model's context
 * Throws `licence-unknown` and `rows-too-few`.
 */
export const partRows = (
  rows: readonly { question: string; answer: string; licence?: string | undefined }[],
  licence: string,
  fits: (question: string) => boolean,
): Parted => {
  const seen = new Map<string, OwnRow>()
  const dropped = { empty: 0, tooLong: 0, duplicate: 0 }
  const warnings = { personalData: 0, secrets: 0 }
  const known = new Set<string>()
  for (const given of rows) {
    const under = given.licence ?? licence
    const row = {
      question: storable(given.question),
      answer: storable(given.answer),
      licence: known.has(under) ? under : spdx(under, known),
    }
    const key = sha256Hex(canonicalJson([row.question, row.answer]))
    const longest = Math.max(row.question.length, row.answer.length)
    if (row.question === '' || row.answer === '') dropped.empty++
    else if (longest > limits.rowCharacters || !fits(row.question)) dropped.tooLong++
    else if (seen.has(key)) dropped.duplicate++
    else {
      seen.set(key, row)
      const found = (check: typeof secrets) =>
        check({ id: '', account: '', ...row }, defaultCheckPolicy, nothing).verdict === 'refuse'
      if (found(personalData)) warnings.personalData++
      if (found(secrets)) warnings.secrets++
    }
  }
  const { share, least, most } = heldOutRows
  const count = Math.min(most, Math.max(least, Math.round(seen.size * share)))
  const out = new Set([...seen.keys()].sort().slice(0, count))
  if (seen.size - count < leastTraining)
    throw fault('rows-too-few', `Of ${rows.length} rows ${seen.size} can be used.`, {
      fix: `Bring at least ${least + leastTraining} different questions with their answers.`,
      facts: { rows: rows.length, usable: seen.size },
    })
  const part = (held: boolean) => [...seen].flatMap(([key, row]) => (out.has(key) === held ? [row] : []))
  return { training: part(false), heldOut: part(true), dropped, warnings }
}

/** Without what neither JSON nor the database can hold. */
const storable = (text: string): string => text.toWellFormed().replaceAll('\0', '').trim()

/** The licence, once it is an SPDX expression. Throws `licence-unknown`. */
export const spdx = (licence: string, known: Set<string> = new Set()): string => {
  try {
    parseLicence(licence)
  } catch (cause) {
    throw fault('licence-unknown', `"${licence.slice(0, 40)}" is not a licence that SPDX knows.`, {
      fix: 'Write an SPDX expression, such as CC0-1.0, or LicenseRef-private for rows that nobody else may use.',
      cause,
    })
  }
  known.add(licence)
  return licence
}
