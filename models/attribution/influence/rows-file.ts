import { createHash } from 'node:crypto'
import { readSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { largest } from '../gradient-rows.ts'
import { stale } from '../index-files.ts'

/** How a row lies in the file: float32 [blocks] scales, int8 [size] values, zeros up to a multiple of 4 bytes. */
export interface RowLayout {
  /** Elements of each block. */
  widths: readonly number[]
  /** First element of each block, and at last their sum. */
  starts: readonly number[]
  /** Elements d of a row. */
  size: number
  /** Bytes of a row. */
  stride: number
}

export const rowLayout = (widths: readonly number[]): RowLayout => {
  const starts = [0]
  for (const width of widths) starts.push(starts.at(-1)! + width)
  const size = starts.at(-1)!
  return { widths, starts, size, stride: 4 * widths.length + 4 * Math.ceil(size / 4) }
}

/** Rows in a file of their own; appended rows follow the others and change none of their bytes. */
export interface RowsFile {
  /** Where the file lies. */
  readonly folder: string
  readonly layout: RowLayout
  readonly rows: number
  /** Open for reading, also from other threads of the process. */
  readonly descriptor: number
  close(): Promise<void>
}

const headerBytes = 64

/** The first 64 bytes: a name, a format, the layout in little-endian uint32, and SHA-256 of the layout and the identity. */
const header = ({ widths, size, stride }: RowLayout, identity: string): Buffer => {
  const bytes = Buffer.alloc(headerBytes)
  bytes.write('int8rows', 'latin1')
  for (const [i, value] of [1, widths.length, size, stride].entries()) bytes.writeUInt32LE(value, 8 + 4 * i)
  createHash('sha256')
    .update(JSON.stringify([identity, widths]))
    .digest()
    .copy(bytes, 32)
  return bytes
}

/**
 * Opens a file for writing rows in int8, in any order: a new one where `kept` is 0, else one whose first `kept` rows stay. A block's scale
 * is its largest magnitude over 127, so a value is off by at most 1/254 of that.
 * @param identity what the rows belong to; it is hashed into the header
 * Throws `index-stale` where the file to append to is of another layout or identity, or too short.
 */
export const writeRows = async (path: string, layout: RowLayout, identity: string, kept = 0) => {
  const file = await open(path, kept === 0 ? 'w+' : 'r+')
  const write = async (bytes: Uint8Array, at: number): Promise<void> => {
    for (let done = 0; done < bytes.length; )
      done += (await file.write(bytes, done, bytes.length - done, at + done)).bytesWritten
  }
  if (kept === 0) await file.write(header(layout, identity), 0, headerBytes, 0)
  else {
    await check(file, path, layout, identity, kept)
    // What an append that broke off has left.
    await file.truncate(headerBytes + kept * layout.stride)
  }
  let rows = kept
  const bytes = new Uint8Array(layout.stride)
  const scales = new Float32Array(bytes.buffer, 0, layout.widths.length)
  const values = new Int8Array(bytes.buffer, 4 * layout.widths.length)
  return {
    /**
     * @param rest what int8 leaves of the row is written here
     * Throws `gradient-not-finite`.
     */
    async put(row: number, source: Float32Array, rest?: Float32Array): Promise<void> {
      for (let b = 0; b < scales.length; b++)
        scales[b] = quantise(source, values, layout.starts[b]!, layout.starts[b + 1]!, row)
      for (let b = 0; rest && b < scales.length; b++)
        for (let i = layout.starts[b]!; i < layout.starts[b + 1]!; i++)
          rest[i] = source[i]! - scales[b]! * values[i]!
      await write(bytes, headerBytes + row * layout.stride)
      rows = Math.max(rows, row + 1)
    },
    /** Writes rows [first, ...) that `encodeBlock` has made, one after another. */
    async putBytes(first: number, encoded: Uint8Array): Promise<void> {
      await write(encoded, headerBytes + first * layout.stride)
      rows = Math.max(rows, first + encoded.length / layout.stride)
    },
    /**
     * Writes blocks [first, end) of a row, whose other blocks stay as they are.
     * @param source their elements alone
     * Throws `gradient-not-finite`.
     */
    async putBlocks(row: number, first: number, end: number, source: Float32Array): Promise<void> {
      const from = layout.starts[first]!
      for (let b = first; b < end; b++) {
        const [start, stop] = [layout.starts[b]! - from, layout.starts[b + 1]! - from]
        scales[b] = quantise(source, values, start, stop, row)
      }
      const at = headerBytes + row * layout.stride
      const count = layout.starts[end]! - from
      rows = Math.max(rows, row + 1)
      await write(bytes.subarray(4 * first, 4 * end), at + 4 * first)
      await write(bytes.subarray(4 * scales.length, 4 * scales.length + count), at + 4 * scales.length + from)
    },
    async close(): Promise<void> {
      // Parts of a row leave out the zeros at its end.
      await file.truncate(headerBytes + rows * layout.stride)
      await file.sync().finally(() => file.close())
    },
  }
}

/** Writes block b of row r of some encoded rows into their bytes. Throws `gradient-not-finite`. */
export const encodeBlock = (
  { scales, values }: Panel,
  { widths, starts, stride }: RowLayout,
  row: number,
  block: number,
  source: Float32Array,
): void => {
  const at = row * stride + 4 * widths.length + starts[block]!
  const to = values.subarray(at, at + widths[block]!)
  scales[(row * stride) / 4 + block] = quantise(source, to, 0, widths[block]!, row)
}

const quantise = (source: Float32Array, to: Int8Array, from: number, end: number, row: number): number => {
  const top = largest(source, from, end, row)
  // As the file holds it: a subnormal top would round to a scale of another size, or to none.
  const scale = Math.fround(top / 127)
  if (scale < 2 ** -126) {
    to.fill(0, from, end)
    return 0
  }
  for (let i = from; i < end; i++) to[i] = Math.round(source[i]! / scale)
  return scale
}

/** Throws `index-stale` where the file is absent, of another layout or identity, or shorter than its rows. */
export const openRows = async (
  path: string,
  layout: RowLayout,
  identity: string,
  rows: number,
): Promise<RowsFile> => {
  const file = await open(path, 'r').catch(() => {
    throw stale(dirname(path), 'its projected rows are absent')
  })
  await check(file, path, layout, identity, rows)
  return { folder: dirname(path), layout, rows, descriptor: file.fd, close: () => file.close() }
}

const check = async (file: FileHandle, path: string, layout: RowLayout, identity: string, rows: number) => {
  const found = Buffer.alloc(headerBytes)
  await file.read(found, 0, headerBytes, 0)
  // Longer is no damage: an append may have broken off.
  const whole = (await file.stat()).size >= headerBytes + rows * layout.stride
  if (whole && found.equals(header(layout, identity))) return
  await file.close()
  throw stale(dirname(path), 'its projected rows are damaged or belong to something else')
}

/** Some consecutive rows in memory, as bytes and as what they stand for. */
export interface Panel {
  /** Rows that fit. */
  rows: number
  bytes: Uint8Array
  /** Scale of block b of row r: [r stride / 4 + b]. */
  scales: Float32Array
  /** Element i of row r: [r stride + 4 blocks + i]. */
  values: Int8Array
}

export const panelOf = ({ stride }: RowLayout, bytes: number): Panel => {
  const rows = Math.max(1, Math.floor(bytes / stride))
  const memory = new SharedArrayBuffer(rows * stride)
  return {
    rows,
    bytes: new Uint8Array(memory),
    scales: new Float32Array(memory),
    values: new Int8Array(memory),
  }
}

/** Reads rows [first, first + count) in one large read. Throws `index-stale` where the file ends before. */
export const readPanel = (
  { descriptor, folder, layout: { stride } }: Pick<RowsFile, 'descriptor' | 'folder' | 'layout'>,
  first: number,
  count: number,
  panel: Panel,
): void => {
  for (let done = 0; done < count * stride; ) {
    const at = headerBytes + first * stride + done
    const got = readSync(descriptor, panel.bytes, done, count * stride - done, at)
    if (got === 0) throw stale(folder, 'its projected rows end early')
    done += got
  }
}

/** A whole row of a panel as numbers, [d]. */
export const widenRow = (panel: Panel, layout: RowLayout, row: number): Float32Array => {
  const out = new Float32Array(layout.size)
  for (const b of layout.widths.keys()) widenBlock(panel, layout, row, b, out, layout.starts[b]!, 1)
  return out
}

/** Writes block b of row r of a panel to into[at], into[at + step] and so on, as numbers. */
export const widenBlock = (
  { scales, values }: Panel,
  { widths, starts, stride }: RowLayout,
  row: number,
  block: number,
  into: Float32Array,
  at: number,
  step: number,
): void => {
  const scale = scales[(row * stride) / 4 + block]!
  const from = row * stride + 4 * widths.length + starts[block]!
  for (let i = 0; i < widths[block]!; i++) into[at + i * step] = scale * values[from + i]!
}
