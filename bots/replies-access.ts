import type { z } from 'zod'
import type { issuedKey } from '../tools/api-keys.ts'
import type { keys } from '../tools/keys.ts'
import type { revokeKey } from '../tools/revoke-key.ts'
import { timeText } from './format.ts'
import { type Reply, text } from './reply.ts'
import type { Sentences } from './sentences.ts'

/** What the verbs of API keys return. */
export interface ToldOfAccess {
  keys: z.output<(typeof keys)['output']>
  'issue-key': z.output<typeof issuedKey>
  'rotate-key': z.output<typeof issuedKey>
  'revoke-key': z.output<(typeof revokeKey)['output']>
}

const issued = (
  { id, name, key, scopes, expiresAt }: ToldOfAccess['issue-key'],
  { access }: Sentences,
): Reply[] =>
  key === null
    ? [text(access.gone(id))]
    : [text(access.granted(name, scopes, timeText(expiresAt)), 'good'), text(access.key(key))]

export const accessTellers: {
  [K in keyof ToldOfAccess]: (output: ToldOfAccess[K], say: Sentences) => Reply[]
} = {
  'issue-key': issued,
  'rotate-key': issued,
  'revoke-key': ({ name }, { access }) => [text(access.revoked(name), 'good')],
  keys: ({ keys: listed }, { access, label }) =>
    listed.length === 0
      ? [text(access.noKeys)]
      : [
          {
            kind: 'table',
            title: access.title,
            columns: [
              { label: label('Name') },
              { label: label('Id') },
              { label: label('State') },
              { label: label('May') },
              { label: label('Spent') },
              { label: label('Last used') },
            ],
            rows: listed.map(item => [
              item.name,
              item.id,
              item.state,
              item.scopes.join(', '),
              access.spent(item.spentUnits, item.budgetUnits, item.budgetPeriod),
              item.lastUsedAt === null ? access.never : timeText(item.lastUsedAt),
            ]),
          },
        ],
}
