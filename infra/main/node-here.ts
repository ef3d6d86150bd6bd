import { userInfo } from 'node:os'
import { startAgents } from '../../agents/agents.ts'
import { downloadBar } from '../../bots/download-bar.ts'
import type { TributaryClient } from '../../tools/client/client.ts'
import { withNode } from '../../tools/client/local.ts'
import { finishOpenCalls } from '../../tools/finish-calls.ts'
import { openGateway } from '../../tools/gateway/gateway.ts'
import { openServer } from '../../tools/gateway/server.ts'
import { openNetwork } from '../../tools/network.ts'
import { verbs } from '../../tools/verbs.ts'
import type { Settings } from '../env.ts'
import { isFault } from '../errors.ts'
import { logWhatNobodyCaught } from '../last-resort.ts'
import { say } from './command.ts'

/** A node of this data folder, as its owner sees it. */
export interface NodeHere {
  /** Calls with the operator's rights. */
  readonly operator: TributaryClient
  /** Calls as the user's own account of the terminal. */
  readonly me: TributaryClient
  /** Whether it runs in this process, and ends with it. */
  readonly started: boolean
}

/** Where a node is started for a command: with its web page and chats at its own address, or for this command alone. */
export type Place = 'open' | 'aside'

/**
 * Works with the node that runs on this data folder; where none does, starts one in this process and ends it afterwards.
 * Throws what starting a node throws, and what `work` throws.
 */
export const withNodeHere = async <T>(
  settings: Settings,
  work: (node: NodeHere) => Promise<T>,
  place: Place = 'aside',
): Promise<T> => {
  const reach = (started: boolean) =>
    withNode(settings, operator =>
      withNode(settings, me => work({ operator, me, started }), { user: userInfo().username }),
    )
  try {
    return await reach(false)
  } catch (error) {
    if (!isFault(error, 'node-not-running')) throw error
  }
  const close = await startHere(settings, place)
  try {
    return await reach(true)
  } finally {
    await close()
  }
}

const startHere = async (settings: Settings, place: Place): Promise<() => Promise<void>> => {
  const closers: (() => Promise<unknown>)[] = []
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).reverse()) await closer()
  }
  const download = downloadBar(process.stdout)
  try {
    const opened = await openNetwork(settings, step => say(`opening the ${step} ...`), download.show).finally(
      download.end,
    )
    const { network } = opened
    closers.push(() => opened.close())
    logWhatNobodyCaught(network.log)
    await finishOpenCalls(network, verbs)
    const agents = await startAgents(network)
    closers.push(() => agents.stop())
    if (place === 'open') {
      const { openSurfaces } = await import('./start.ts')
      await openSurfaces(network, settings, closers)
    } else {
      const gateway = await openGateway(network, verbs, settings)
      closers.push(() => gateway.close())
      const server = await openServer((request, bindings) => gateway.fetch(request, bindings), { port: 0 })
      closers.push(() => server.close())
      await gateway.opened(server)
    }
    return close
  } catch (error) {
    await close()
    throw error
  }
}
