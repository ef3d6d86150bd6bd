import parse from 'spdx-expression-parse'
import type { Command } from './commands.ts'
import type { Sentences } from './sentences.ts'
import type { Directory } from './session.ts'

/**
 * What the network would refuse of a value in the end, said when the value is given; null where nothing is known against
 * it. The verb judges again.
 */
export const objection = (
  { name: command }: Command,
  argument: string,
  value: unknown,
  input: Readonly<Record<string, unknown>>,
  directory: Directory,
  say: Sentences,
): string | null => {
  if (command === 'propose' && argument === 'name')
    return directory.taken?.includes(String(value)) === true ? say.nameTaken : null
  if (command === 'propose' && argument === 'licences' && Array.isArray(value)) {
    const unknown = value.map(String).find(licence => !isKnown(licence))
    return unknown === undefined ? null : say.licenceUnknown(unknown.slice(0, 40))
  }
  if ((command === 'contribute' || command === 'consent') && argument === 'licence') {
    const licence = String(value)
    const taken = licencesOf(input.proposal, directory)
    if (!isKnown(licence)) return say.licenceUnknown(licence.slice(0, 40), taken)
    // "This or that" is for the verb to judge.
    const refused = taken !== undefined && !/\s/.test(licence) && !taken.includes(licence)
    return refused ? say.licenceRefused(taken) : null
  }
  return null
}

/** The licences that a proposal takes; undefined where it is not known. */
export const licencesOf = (proposal: unknown, { licences }: Directory): readonly string[] | undefined =>
  licences?.get(String(proposal).trim().toLowerCase())

/** Whether SPDX knows it, as an identifier or an expression. */
const isKnown = (licence: string): boolean => {
  try {
    parse(licence)
    return true
  } catch {
    return false
  }
}
