import type { Writable } from 'node:stream'

const WIDTH = 28
/** Milliseconds between two drawings on a terminal. */
const REDRAW_MS = 100

/** As the hub's download reports it; bytes and total of all files together. */
interface Progress {
  file: string
  bytes: number
  total: number
  bytesPerSecond: number
}

/**
 * Shows a download as one line: on a terminal it is redrawn in place, in a pipe it is written every tenth part of the way.
 * `end` closes a line that is still open, so that what follows begins on its own.
 */
export const downloadBar = (output: Writable & { isTTY?: boolean; columns?: number }) => {
  let open = false
  let tenth = -1
  let drawn = Number.NEGATIVE_INFINITY
  const end = (): void => {
    if (open) output.write('\n')
    open = false
  }
  const show = ({ file, bytes, total, bytesPerSecond }: Progress): void => {
    const part = total > 0 ? bytes / total : 1
    const filled = Math.round(WIDTH * part)
    const bar = `${'█'.repeat(filled)}${'░'.repeat(WIDTH - filled)}`
    const text = `${bar} ${Math.floor(100 * part)}%  ${megabytes(bytes)}/${megabytes(total)} MB  ${megabytes(bytesPerSecond)} MB/s  ${file}`
    if (output.isTTY === true) {
      if (bytes < total && performance.now() - drawn < REDRAW_MS) return
      drawn = performance.now()
      // A line that wraps could not be redrawn.
      output.write(`\r\x1b[2K${text.slice(0, (output.columns ?? 81) - 1)}`)
      open = bytes < total
      if (!open) output.write('\n')
      return
    }
    const now = Math.floor(10 * part)
    if (now === tenth) return
    tenth = now
    output.write(`${text}\n`)
  }
  return { show, end }
}

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1)
