import type { z } from 'zod'
import type { Verbs } from '../verbs.ts'

/** Everything that a node can be asked to do. */
export type VerbName = keyof Verbs

/** What a verb takes, as JSON; amounts of tokens are decimal texts such as `12.5`. */
export type VerbInput<N extends VerbName> = z.input<Verbs[N]['input']>

/** What a verb returns, as JSON; amounts are decimal texts of smallest units (10^-6 token). */
export type VerbOutput<N extends VerbName> = z.output<Verbs[N]['output']>
