import { attribute } from '../tools/attribute.ts'
import type { Network } from '../tools/context.ts'
import { actAs } from './act.ts'

/** Measures one answer. How much to spend is not a question yet: the exact method is affordable for every answer. */
export const measure = async (network: Network, answerId: string, signal: AbortSignal): Promise<void> => {
  await actAs(network, 'attributor')(attribute, { answerId }, { key: answerId, signal })
}
