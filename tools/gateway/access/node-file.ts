import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Tells commands on this machine where the running node listens; it stands while the node does. */
export const nodeFile = (folder: string): string => join(folder, 'node.json')

export const writeNodeFile = (folder: string, url: string): void => {
  const path = nodeFile(folder)
  writeFileSync(`${path}.tmp`, `${JSON.stringify({ url, pid: process.pid })}\n`, { mode: 0o600 })
  renameSync(`${path}.tmp`, path)
}

export const removeNodeFile = (folder: string): void => rmSync(nodeFile(folder), { force: true })
