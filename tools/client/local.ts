import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Settings } from '../../infra/env.ts'
import { fault } from '../../infra/errors.ts'
import { startOf } from '../../infra/process-start.ts'
import { TributaryClient } from './client.ts'

/** Where to find a node: see infra/env.ts. */
export type NodeSettings = Pick<Settings, 'TRIBUTARY_DATA' | 'TRIBUTARY_URL' | 'TRIBUTARY_KEY'>

/**
 * Works with the node that runs on a data folder of this machine, with its owner's rights: as the operator, or as the member
 * `user` of its terminal. Where TRIBUTARY_URL is set it is that node, with TRIBUTARY_KEY. Throws `node-not-running` and, for
 * anybody but the owner, `local-key-unreadable`.
 */
export const withNode = async <T>(
  settings: NodeSettings,
  work: (client: TributaryClient) => Promise<T>,
  { user }: { readonly user?: string | undefined } = {},
): Promise<T> => {
  const { TRIBUTARY_DATA: folder, TRIBUTARY_URL: elsewhere, TRIBUTARY_KEY: apiKey } = settings
  if (elsewhere !== undefined) return work(new TributaryClient({ url: elsewhere, apiKey }))
  const url = await runningNode(folder)
  if (url === null)
    throw fault('node-not-running', `No node runs on the data folder ${folder}.`, {
      fix: 'Start one with npm start, or set TRIBUTARY_DATA, or TRIBUTARY_URL and TRIBUTARY_KEY for a node elsewhere.',
      blame: 'operator',
    })
  return work(new TributaryClient({ url, apiKey: await localKey(folder), user }))
}

/** The address that a running node has written into its data folder; null where its process is gone. */
const runningNode = async (folder: string): Promise<string | null> => {
  try {
    const { url, pid, began } = JSON.parse(await readFile(join(folder, 'node.json'), 'utf8')) as {
      url?: unknown
      pid?: unknown
      began?: unknown
    }
    const runs = typeof pid === 'number' && began !== '' && startOf(pid) === began
    return typeof url === 'string' && runs ? url : null
  } catch {
    return null
  }
}

const localKey = async (folder: string): Promise<string> => {
  const path = join(folder, 'keys', 'local-key')
  try {
    return (await readFile(path, 'utf8')).trim()
  } catch (cause) {
    throw fault('local-key-unreadable', `The key ${path} cannot be read.`, {
      fix: 'Run this as the user who runs the node, or set TRIBUTARY_URL and TRIBUTARY_KEY.',
      blame: 'operator',
      cause,
    })
  }
}
