import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { sha256File } from '../../base.ts'
import { stale } from '../index-files.ts'

/** Square float32 matrices one after another, little-endian. */
export interface Matrices {
  /** Matrix i, [orders[i], orders[i]] row-major. */
  read(i: number): Promise<Float32Array>
  close(): Promise<void>
}

/** Writes matrices in order; `close` syncs and returns the file's SHA-256. */
export const writeMatrices = async (path: string) => {
  const file = await open(path, 'w')
  const hash = createHash('sha256')
  return {
    async put(matrix: Float32Array): Promise<void> {
      const bytes = new Uint8Array(matrix.buffer, matrix.byteOffset, matrix.byteLength)
      hash.update(bytes)
      for (let done = 0; done < bytes.length; )
        done += (await file.write(bytes, done, bytes.length - done)).bytesWritten
    },
    async close(): Promise<string> {
      await file.sync().finally(() => file.close())
      return hash.digest('hex')
    },
  }
}

/** Opens matrices after hashing the whole file. Throws `index-stale` where it is absent or its bytes are not the ones of `hash`. */
export const openMatrices = async (
  path: string,
  orders: readonly number[],
  hash: string | undefined,
): Promise<Matrices> => {
  const found = await sha256File(path).catch(() => null)
  if (found === null || found !== hash) throw stale(dirname(path), 'its matrices are absent or changed')
  const file = await open(path, 'r')
  const starts = [0]
  for (const order of orders) starts.push(starts.at(-1)! + 4 * order ** 2)
  return {
    async read(i) {
      const matrix = new Float32Array(orders[i]! ** 2)
      const bytes = new Uint8Array(matrix.buffer)
      for (let done = 0; done < bytes.length; ) {
        const { bytesRead } = await file.read(bytes, done, bytes.length - done, starts[i]! + done)
        if (bytesRead === 0) throw stale(dirname(path), 'its matrices end early')
        done += bytesRead
      }
      return matrix
    },
    close: () => file.close(),
  }
}
