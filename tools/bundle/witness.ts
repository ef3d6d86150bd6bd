import type { Hex } from '../../infra/chain-api.ts'
import { type DecodedTransaction, decodeTransaction } from '../../infra/chain-decode.ts'
import { type Args, type CallName, callSchemas } from './calls.ts'
import type { Wrong } from './check.ts'
import type { BundleRecord, Manifest } from './format.ts'

export interface Mined<C extends CallName> {
  readonly record: BundleRecord<'chain'>
  readonly args: Args<C>
}

export interface Decoded {
  readonly record: BundleRecord<'chain'>
  /** Null for bytes that are no signed transaction. */
  readonly decoded: DecodedTransaction | null
}

/** What the chain's signed transactions say, read from their raw bytes alone. */
export interface Witness {
  readonly transactions: readonly Decoded[]
  /**
   * The arguments of the call that `tx` carries. Says why not, and returns null, unless the transaction is in the bundle, was
   * mined with success, went to the contract that the manifest names and was signed by the key that may make this call.
   */
  prove<C extends CallName>(wrong: Wrong, what: string, tx: Hex | null, call: C): Args<C> | null
  /** Every successful call of that name by the right sender, in the order of the chain. */
  all<C extends CallName>(call: C): Mined<C>[]
}

const same = (a: string | null, b: string): boolean => a?.toLowerCase() === b.toLowerCase()

/** Decodes the transactions of a bundle and recovers who signed them; about 2 ms each. */
export const openWitness = async (
  chain: readonly BundleRecord<'chain'>[],
  manifest: Manifest,
): Promise<Witness> => {
  const transactions: Decoded[] = []
  for (const record of chain)
    transactions.push({ record, decoded: await decodeTransaction(record.raw).catch(() => null) })
  const { operator, ...contracts } = manifest.chain
  const contractOf = {
    Registry: contracts.registry,
    Rewards: contracts.rewards,
    Token: contracts.token,
  } as const

  /** Why a transaction does not count as that call, or its arguments. */
  const readAs = <C extends CallName>(
    { record, decoded }: Decoded,
    call: C,
    senders: readonly string[],
  ): Args<C> | string => {
    if (decoded === null) return 'its bytes are no signed transaction'
    if (record.receipt.status !== 'success') return 'the chain reverted it'
    if (`${decoded.contract}.${decoded.call}` !== call)
      return `it calls ${decoded.contract}.${decoded.call}, not ${call}`
    if (!same(decoded.to, contractOf[call.split('.')[0] as keyof typeof contractOf]))
      return `it went to ${decoded.to}`
    if (!senders.some(sender => same(decoded.from, sender))) return `${decoded.from} signed it`
    const args = callSchemas[call].safeParse(decoded.args)
    return args.success ? (args.data as Args<C>) : 'its arguments cannot be read'
  }
  const collect = <C extends CallName>(call: C, senders: readonly string[]): Mined<C>[] =>
    transactions.flatMap(item => {
      const args = readAs(item, call, senders)
      return typeof args === 'string' ? [] : [{ record: item.record, args }]
    })

  // The operator names the only key that may post payout roots, in a transaction of its own.
  const posters = collect('Rewards.appointPoster', [operator]).map(({ args }) => args[0])
  const sendersOf = (call: CallName): readonly string[] => (call === 'Rewards.post' ? posters : [operator])
  const byHash = new Map(transactions.map(item => [item.record.hash.toLowerCase(), item]))

  return {
    transactions,
    prove: (wrong, what, tx, call) => {
      const found = tx === null ? undefined : byHash.get(tx.toLowerCase())
      const args =
        found === undefined ? `its transaction ${tx} is missing` : readAs(found, call, sendersOf(call))
      if (typeof args !== 'string') return args
      wrong(`${what}: ${args}`)
      return null
    },
    all: call => collect(call, sendersOf(call)),
  }
}
