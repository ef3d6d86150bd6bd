import type { z } from 'zod'
import type { Network, Role, Update } from '../tools/context.ts'
import { call, type Verb } from '../tools/registry.ts'

export type AgentRole = Exclude<Role, 'anyone' | 'member'>

/** Calls a verb as one of the agents. The key makes a repeated call harmless: a node may run any number of times. */
export type Act = <I extends z.ZodType, O extends z.ZodType>(
  verb: Verb<I, O>,
  input: z.input<I>,
  options?: { key?: string; signal?: AbortSignal; onUpdate?(update: Update): void },
) => Promise<z.output<O>>

export const actAs =
  (network: Network, role: AgentRole): Act =>
  (verb, input, options) =>
    call(network, { role, accountId: null, surface: 'agent' }, verb, input, options)
