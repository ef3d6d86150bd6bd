import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { ModelConfig } from './architectures/config.ts'
import { type Adapter, configFile, readAdapter, weightsFile } from './lora.ts'

/** Adapters in memory, the least recently used put out first. */
export interface AdapterStore {
  /** The adapter of a folder, read once; concurrent callers share the reading. Error `adapter-invalid`. */
  get(folder: string): Promise<Adapter>
  /** Adapters held, and the bytes of their matrices. */
  readonly count: number
  readonly bytes: number
  clear(): void
}

/** Changes when the folder's adapter is replaced: a file that is renamed into place has another inode. */
export async function contentKey(folder: string): Promise<string> {
  const files = await Promise.all(
    [weightsFile, configFile].map(file => stat(join(folder, file)).catch(() => null)),
  )
  return [folder, ...files.map(about => (about ? `${about.ino} ${about.size} ${about.mtimeMs}` : ''))].join(
    ' ',
  )
}

/** Keeps at most `bytes` of adapters, and always the last one read. */
export function adapterStore(config: ModelConfig, bytes: number): AdapterStore {
  const held = new Map<string, Adapter>()
  const reading = new Map<string, Promise<Adapter>>()
  let total = 0

  const keep = (key: string, adapter: Adapter): void => {
    held.set(key, adapter)
    total += adapter.flat.byteLength
    for (const [oldest, { flat }] of held) {
      if (total <= bytes || oldest === key) break
      held.delete(oldest)
      total -= flat.byteLength
    }
  }
  return {
    async get(folder) {
      const key = await contentKey(folder)
      const known = held.get(key)
      if (known) {
        held.delete(key)
        held.set(key, known)
        return known
      }
      const pending = reading.get(key)
      if (pending) return pending
      const read = readAdapter(folder, config)
      reading.set(key, read)
      try {
        const adapter = await read
        keep(key, adapter)
        return adapter
      } finally {
        reading.delete(key)
      }
    },
    get count() {
      return held.size
    },
    get bytes() {
      return total
    },
    clear() {
      held.clear()
      total = 0
    },
  }
}
