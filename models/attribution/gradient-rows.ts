import { readSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { fault } from '../../infra/errors.ts'

/** Largest half precision value that a row is scaled to; leaves room below 65,504 and above the subnormals. */
const topValue = 1024

/** Per-example gradients on disk in half precision, row by row; a row's scale carries what half precision cannot. */
export interface GradientRows {
  readonly rows: number
  /** Gradient size p. */
  readonly size: number
  /** Row i is scale[i] times its stored halves. */
  readonly scales: Float64Array
  /** Writes columns [from, from + width) of all rows into `into` as half bits [rows, width]. */
  columns(from: number, width: number, into: Uint16Array): void
  /** Writes rows first.. into `into` as half bits [into.length / size, size]. */
  block(first: number, into: Uint16Array): void
  close(): Promise<void>
}

/** Writes gradient rows as they come, in any order. */
export const writeGradientRows = async (path: string, rows: number, size: number) => {
  const file = await open(path, 'w')
  const scales = new Float64Array(rows)
  return {
    scales,
    /** Stores `values` [count, size] as rows first.. */
    async put(first: number, values: Float32Array): Promise<void> {
      const count = values.length / size
      const halves = new Float16Array(values.length)
      for (let row = 0; row < count; row++)
        scales[first + row] = shrink(values, halves, row * size, size, first + row)
      const bytes = new Uint8Array(halves.buffer)
      for (let done = 0; done < bytes.length; ) {
        const { bytesWritten } = await file.write(bytes, done, bytes.length - done, first * size * 2 + done)
        done += bytesWritten
      }
    },
    async close(): Promise<void> {
      await file.sync()
      await file.close()
    },
  }
}

/** Largest magnitude of values[from, to). Throws `gradient-not-finite`, naming the row, where one is not finite. */
export const largest = (values: Float32Array, from: number, to: number, row: number): number => {
  let top = 0
  for (let i = from; i < to; i++) {
    const magnitude = Math.abs(values[i]!)
    // NaN fails the comparison too, and would be lost again to the next value.
    if (!(magnitude <= top)) top = magnitude
    if (Number.isNaN(top)) break
  }
  if (!Number.isFinite(top))
    throw fault('gradient-not-finite', `The gradient of row ${row + 1} is not finite.`, {
      fix: 'Tune the adapter again with a lower learning rate.',
      facts: { row },
      blame: 'ours',
    })
  return top
}

const shrink = (
  values: Float32Array,
  halves: Float16Array,
  at: number,
  size: number,
  row: number,
): number => {
  const top = largest(values, at, at + size, row)
  if (top === 0) return 0
  const factor = topValue / top
  for (let i = at; i < at + size; i++) halves[i] = values[i]! * factor
  return top / topValue
}

/** Opens rows for reading. Throws `index-stale` where the file has not the size of rows x size. */
export const openGradientRows = async (
  path: string,
  rows: number,
  size: number,
  scales: Float64Array,
): Promise<GradientRows> => {
  const file: FileHandle = await open(path, 'r')
  if ((await file.stat()).size !== rows * size * 2) {
    await file.close()
    throw fault('index-stale', 'The attribution index has gradient rows of another size.', {
      fix: 'Build the index again.',
      blame: 'ours',
    })
  }
  const read = (into: Uint8Array, position: number) => {
    for (let done = 0; done < into.length; ) {
      const got = readSync(file.fd, into, done, into.length - done, position + done)
      if (got === 0) throw new RangeError('gradient rows end early')
      done += got
    }
  }
  return {
    rows,
    size,
    scales,
    columns(from, width, into) {
      const bytes = bytesOf(into)
      for (let row = 0; row < rows; row++)
        read(bytes.subarray(row * width * 2, (row + 1) * width * 2), (row * size + from) * 2)
    },
    block: (first, into) => read(bytesOf(into), first * size * 2),
    close: () => file.close(),
  }
}

const bytesOf = (halves: Uint16Array) => new Uint8Array(halves.buffer, halves.byteOffset, halves.byteLength)

/** Half bits in shared memory, which reaches the engine's thread without a copy. */
export const sharedHalves = (length: number): Uint16Array =>
  new Uint16Array(new SharedArrayBuffer(length * 2))
