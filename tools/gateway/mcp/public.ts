import { fault } from '../../../infra/errors.ts'
import type { Caller } from '../../context.ts'
import { call } from '../../registry.ts'
import type { Desk } from './server.ts'

const anyone: Caller = { role: 'anyone', accountId: null, surface: 'mcp' }

/** Calls a reading verb as somebody without an account. Throws `verb-unknown` and what the verb throws. */
export const readPublic = async (desk: Desk, name: string, input: object): Promise<unknown> => {
  const verb = desk.verbs.find(verb => verb.name === name)
  if (verb === undefined)
    throw fault('verb-unknown', `This node has no verb "${name}".`, { fix: 'Ask its operator.' })
  return call(desk.network, anyone, verb, input)
}

/** What can be named, newest first. */
export interface Named {
  readonly datanets: readonly string[]
  readonly gathering: readonly string[]
  readonly models: readonly { name: string; version: number }[]
}

/** Reads what clients complete and list. */
export const readNamed = async (desk: Desk): Promise<Named> => {
  const [{ proposals }, { models }] = (await Promise.all([
    readPublic(desk, 'status', {}),
    readPublic(desk, 'models', {}),
  ])) as [{ proposals: { name: string; state: string }[] }, { models: { name: string; version: number }[] }]
  return {
    datanets: proposals.map(({ name }) => name),
    gathering: proposals.filter(({ state }) => state === 'gathering').map(({ name }) => name),
    models: models.map(({ name, version }) => ({ name, version })),
  }
}
