import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Reads a secret of the node from a file of mode 600, and makes it where it is absent. It is written aside, then linked:
 * two first starts at once agree on one, and a kill leaves either no file or a whole one.
 */
export const openSecretFile = (folder: string, name: string, make: () => string | Uint8Array): Buffer => {
  const path = join(folder, 'keys', name)
  mkdirSync(join(folder, 'keys'), { recursive: true, mode: 0o700 })
  try {
    return readFileSync(path)
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error
  }
  const aside = `${path}.${process.pid}`
  writeFileSync(aside, make(), { mode: 0o600 })
  try {
    linkSync(aside, path)
  } catch (error) {
    // Another start was first: its secret stands.
    if (!hasCode(error, 'EEXIST')) throw error
  } finally {
    rmSync(aside, { force: true })
  }
  return readFileSync(path)
}

const hasCode = (error: unknown, code: string): boolean =>
  error instanceof Error && Reflect.get(error, 'code') === code
