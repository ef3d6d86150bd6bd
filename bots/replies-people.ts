import type { z } from 'zod'
import type { another } from '../tools/another.ts'
import type { consent } from '../tools/consent.ts'
import type { consents } from '../tools/consents.ts'
import type { erase } from '../tools/erase.ts'
import type { link } from '../tools/link.ts'
import type { takeout } from '../tools/takeout.ts'
import type { unlink } from '../tools/unlink.ts'
import type { withdraw } from '../tools/withdraw.ts'
import { timeText } from './format.ts'
import { type Reply, text } from './reply.ts'
import type { Sentences } from './sentences.ts'

type Output<V extends { output: z.ZodType }> = z.output<V['output']>

/** What the verbs of a person's own account return. */
export interface ToldOfPeople {
  another: Output<typeof another>
  consent: Output<typeof consent>
  consents: Output<typeof consents>
  erase: Output<typeof erase>
  link: Output<typeof link>
  prefer: unknown
  takeout: Output<typeof takeout>
  unlink: Output<typeof unlink>
  withdraw: Output<typeof withdraw>
}

export const peopleTellers: {
  [K in keyof ToldOfPeople]: (output: ToldOfPeople[K], say: Sentences) => Reply[]
} = {
  link: (output, { people }) => linkReplies(output, people),
  unlink: (output, { people }) => [text(people.unlinked(output.what), 'good')],
  another: (output, { people }) => [
    {
      kind: 'card',
      title: output.question,
      fields: [
        { label: people.first, value: output.first },
        { label: people.second, value: output.second },
      ],
    },
    {
      kind: 'choices',
      text: people.whichIsBetter,
      choices: [
        { label: people.firstIsBetter, line: `/prefer ${output.answerId} first` },
        { label: people.secondIsBetter, line: `/prefer ${output.answerId} second` },
        { label: people.neither, line: `/prefer ${output.answerId} neither` },
      ],
    },
  ],
  prefer: (_, { people }) => [text(people.preferred, 'good')],
  consent: ({ proposal, licence, revoked, rows }, { people }) => [
    text(revoked ? people.revoked(proposal) : people.consented(proposal, licence), 'good'),
    ...(revoked ? oldRows(rows, proposal, people) : [revoking(proposal, people)]),
  ],
  consents: ({ consents }, { people, label }) =>
    consents.length === 0
      ? [text(people.noConsents)]
      : [
          {
            kind: 'table',
            title: people.consentsTitle,
            columns: [
              { label: label('Model') },
              { label: label('Licence') },
              { label: label('Rows'), numeric: true },
              { label: label('State') },
            ],
            rows: consents.map(item => [
              item.proposal,
              item.licence,
              String(item.rows),
              people.consentState(item.revokedAt && timeText(item.revokedAt)),
            ]),
          },
        ],
  withdraw: ({ rows, models }, say) => [
    text(rows === 1 ? say.withdrawn(models) : say.people.withdrawnRows(rows, models), 'good'),
  ],
  takeout: (output, { people }) => [
    text(
      people.takeout(
        Object.entries(output.counts)
          .filter(([, count]) => count > 0)
          .map(([name, count]) => `${count} ${count === 1 ? singular(spaced(name)) : spaced(name)}`)
          .join(', '),
      ),
    ),
    { kind: 'file', name: output.name, mediaType: output.mediaType, bytes: Buffer.from(output.text) },
  ],
  erase: (output, { people }) => [
    text(people.erased(output.rows, output.answers), 'good'),
    ...(output.answersLater === 0 ? [] : [text(people.erasedLater(output.answersLater))]),
    ...(output.models.length === 0 ? [] : [text(people.tunedWith(output.models))]),
  ],
}

type People = Sentences['people']

/** Lists are named in the plural. */
const singular = (name: string): string => name.replace(/ies$/, 'y').replace(/([^s])s$/, '$1')

const spaced = (name: string): string => name.replace(/[A-Z]/g, letter => ` ${letter.toLowerCase()}`)

const linkReplies = (output: ToldOfPeople['link'], people: People): Reply[] => {
  switch (output.kind) {
    case 'code':
      return [text(people.linkCode(output.code, output.minutes))]
    case 'account':
      return [
        text(people.linked(output.name), 'good'),
        ...(output.leftBalanceUnits === '0' && output.leftClaimableUnits === '0'
          ? []
          : [text(people.linkedLeft(output.leftBalanceUnits, output.leftClaimableUnits))]),
      ]
    case 'message':
      return [
        text(people.walletMessage(output.address)),
        // As a file: a message that a surface wrapped or escaped would have another signature.
        {
          kind: 'file',
          name: people.walletMessageName,
          mediaType: 'text/plain',
          bytes: Buffer.from(output.message),
        },
      ]
    case 'wallet':
      return [text(people.walletLinked(output.address), 'good')]
  }
}

const revoking = (proposal: string, people: People): Reply => ({
  kind: 'choices',
  text: '',
  choices: [{ label: people.revoke, line: `/consent ${proposal} revoke=yes` }],
})

const oldRows = (rows: number, proposal: string, people: People): Reply[] =>
  rows === 0
    ? []
    : [
        {
          kind: 'choices',
          text: people.oldRows(rows, proposal),
          choices: [{ label: people.withdrawOld, line: `/withdraw ${proposal}` }],
        },
      ]
