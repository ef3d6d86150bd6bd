import { z } from 'zod'
import type { Hex } from '../../infra/chain-api.ts'

const word = z.string().transform(value => value.toLowerCase() as Hex)

/** The arguments of the calls that a bundle's records name, as `decodeTransaction` gives them. Units are bigint. */
export const callSchemas = {
  'Registry.anchorLedger': z.tuple([word, z.bigint(), z.bigint()]),
  'Registry.propose': z.tuple([word, word, word, z.bigint(), z.unknown()]),
  'Registry.pledge': z.tuple([word, word, z.bigint(), word, z.unknown()]),
  'Registry.recordPoll': z.tuple([
    word,
    z.object({ ballotsRoot: word, yes: z.bigint(), no: z.bigint(), fileHash: word, passed: z.boolean() }),
  ]),
  'Registry.openDatanet': z.tuple([word, word]),
  'Registry.anchorSnapshot': z.tuple([word, word, z.number()]),
  'Registry.commitAdapter': z.tuple([word, word, word, word, word]),
  'Registry.release': z.tuple([word, z.number(), word, word]),
  'Registry.appointRegistrar': z.tuple([word]),
  'Rewards.appointPoster': z.tuple([word]),
  'Rewards.post': z.tuple([word, word, z.number(), z.bigint()]),
  'Rewards.claim': z.tuple([
    z.object({ index: z.bigint(), account: word, cumulative: z.bigint() }),
    z.array(word),
  ]),
  /** from, to, units, validAfter, validBefore, nonce, and the signature as v, r, s. */
  'Token.transferWithAuthorization': z.tuple([
    word,
    word,
    z.bigint(),
    z.bigint(),
    z.bigint(),
    word,
    z.number(),
    word,
    word,
  ]),
} as const

export type CallName = keyof typeof callSchemas
export type Args<C extends CallName> = z.output<(typeof callSchemas)[C]>
