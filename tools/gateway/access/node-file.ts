import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startOf } from '../../../infra/process-start.ts'

/**
 * Tells commands on this machine where the running node listens; it stands while the node does. `began` tells its process
 * from a later one of the same number, which must not be given the machine's key.
 */
export const nodeFile = (folder: string): string => join(folder, 'node.json')

export const writeNodeFile = (folder: string, url: string): void => {
  const path = nodeFile(folder)
  const node = { url, pid: process.pid, began: startOf(process.pid) }
  writeFileSync(`${path}.tmp`, `${JSON.stringify(node)}\n`, { mode: 0o600 })
  renameSync(`${path}.tmp`, path)
}

export const removeNodeFile = (folder: string): void => rmSync(nodeFile(folder), { force: true })
