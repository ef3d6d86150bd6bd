import { DEFAULT_LICENCE } from '../tools/consents.ts'
import type { ParsedLine } from './command-line.ts'
import { licencesOf } from './judging.ts'
import type { Reply } from './reply.ts'
import type { Sentences } from './sentences.ts'
import type { Directory } from './session.ts'

/** What to press where a consent was named without saying that the rows are one's own to give; else null. */
export const consentOffer = (
  { command, input }: ParsedLine,
  directory: Directory,
  { people, yes }: Sentences,
): Reply | null => {
  if (command.name !== 'consent' || input.rights !== undefined || input.revoke === true) return null
  const proposal = String(input.proposal)
  const taken = licencesOf(proposal, directory) ?? [DEFAULT_LICENCE]
  const usual = taken.includes(DEFAULT_LICENCE) ? DEFAULT_LICENCE : (taken[0] ?? DEFAULT_LICENCE)
  const licence = typeof input.licence === 'string' ? input.licence : usual
  const others = typeof input.licence === 'string' ? [] : taken.filter(other => other !== licence)
  const line = (under: string) =>
    `/consent ${proposal} licence=${/\s/.test(under) ? `"${under}"` : under} rights=yes`
  return {
    kind: 'choices',
    text: people.consentAsked(proposal, licence),
    choices: [
      { label: yes, line: line(licence) },
      ...others.map(other => ({ label: people.consentUnder(other), line: line(other) })),
    ],
  }
}
