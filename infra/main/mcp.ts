import { userInfo } from 'node:os'
import { startAgents } from '../../agents/agents.ts'
import { withNode } from '../../tools/client/local.ts'
import type { Caller } from '../../tools/context.ts'
import { finishOpenCalls } from '../../tools/finish-calls.ts'
import { openLocalKey } from '../../tools/gateway/access/local-key.ts'
import { bridgeStdio } from '../../tools/gateway/mcp/bridge.ts'
import { serveOnStdio } from '../../tools/gateway/mcp/stdio.ts'
import { join } from '../../tools/join.ts'
import { openNetwork } from '../../tools/network.ts'
import { call } from '../../tools/registry.ts'
import { verbs } from '../../tools/verbs.ts'
import { readSettings, type Settings } from '../env.ts'
import { isFault } from '../errors.ts'
import { logWhatNobodyCaught } from '../last-resort.ts'
import { type Command, readOptions } from './command.ts'

/**
 * `tributary mcp`: the network as an MCP server on stdio. It speaks for the node at TRIBUTARY_URL, else for the one that
 * runs on the data folder, as the user's account; where none runs, it is the node itself until the client leaves.
 */
export const mcp: Command = {
  run: async words => {
    readOptions(words, {})
    const settings = readSettings(process.env)
    // The protocol has the standard output to itself.
    console.log = (...words: unknown[]) => tell(words.join(' '))
    await speakForNode(settings).catch((error: unknown) => {
      if (isFault(error, 'node-not-running')) return beTheNode(settings)
      throw error
    })
    return 0
  },
}

const tell = (text: string): void => {
  process.stderr.write(`${text}\n`)
}

const speakForNode = (settings: Settings): Promise<void> => {
  const { TRIBUTARY_URL: elsewhere, TRIBUTARY_KEY: key, TRIBUTARY_DATA: folder } = settings
  return withNode(settings, ({ url }) => {
    if (elsewhere !== undefined)
      return bridgeStdio(url, key === undefined ? {} : { authorization: `Bearer ${key}` })
    const user = encodeURIComponent(userInfo().username)
    return bridgeStdio(url, { authorization: `Bearer ${openLocalKey(folder)}`, 'tributary-user': user })
  })
}

const beTheNode = async (settings: Settings): Promise<void> => {
  const { network, close } = await openNetwork(settings, step => tell(`opening the ${step} ...`))
  logWhatNobodyCaught(network.log)
  await finishOpenCalls(network, verbs)
  const agents = await startAgents(network)
  try {
    const name = userInfo().username
    const anyone: Caller = { role: 'anyone', accountId: null, surface: 'terminal' }
    const input = { name, platform: 'terminal', subject: name }
    const { accountId } = await call(network, anyone, join, input)
    await serveOnStdio(network, verbs, { role: 'member', accountId, surface: 'mcp' })
  } finally {
    await agents.stop()
    await close()
  }
}
