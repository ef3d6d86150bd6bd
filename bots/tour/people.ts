import type { z } from 'zod'
import type { Caller, Network, Update } from '../../tools/context.ts'
import { join } from '../../tools/join.ts'
import { call, type Verb } from '../../tools/registry.ts'

/** A person of the tour: calls verbs as any person does, with keys that name the step, so that a tour killed anywhere goes on. */
export interface Person {
  readonly name: string
  readonly accountId: string
  do<I extends z.ZodType, O extends z.ZodType>(
    step: string,
    verb: Verb<I, O>,
    input: z.input<I>,
    onUpdate?: (update: Update) => void,
  ): Promise<z.output<O>>
}

export interface People {
  /** Opens the account of a person, or finds it. */
  called(name: string): Promise<Person>
  operator: Person
}

export const peopleOf = (network: Network, tour: string): People => {
  const known = new Map<string, Promise<Person>>()
  const person = (name: string, caller: Caller): Person => ({
    name,
    accountId: caller.accountId ?? '',
    do: (step, verb, input, onUpdate) =>
      call(network, caller, verb, input, {
        key: `${tour}/${step}`,
        ...(onUpdate === undefined ? {} : { onUpdate }),
      }),
  })
  const open = async (name: string): Promise<Person> => {
    const anyone: Caller = { role: 'anyone', accountId: null, surface: 'tour' }
    const account = await call(
      network,
      anyone,
      join,
      { name, platform: 'tour', subject: name },
      { key: `join/${name}` },
    )
    return person(name, { role: 'member', accountId: account.accountId, surface: 'tour' })
  }
  return {
    called: name => {
      const found = known.get(name) ?? open(name)
      known.set(name, found)
      return found
    },
    operator: person('operator', { role: 'operator', accountId: null, surface: 'tour' }),
  }
}
