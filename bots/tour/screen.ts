import type { Writable } from 'node:stream'
import type { Screen } from './tour.ts'

const bar = (done: number, all: number, width = 28): string => {
  const filled = all > 0 ? Math.round((width * done) / all) : 0
  return `${'█'.repeat(filled)}${'░'.repeat(width - filled)}`
}

/**
 * Shows the tour as lines of text: on a terminal the progress bar is redrawn in place, in a pipe it is written every
 * tenth part of the way. Colours only where the terminal has them and nobody asked for none.
 */
export const screenOn = (output: Writable & { isTTY?: boolean }, colours: boolean): Screen => {
  const live = output.isTTY === true
  const paint = (code: number, text: string): string =>
    live && colours ? `\x1b[${code}m${text}\x1b[0m` : text
  let open = false
  let tenth = -1
  const clear = (): void => {
    if (open) output.write('\r\x1b[2K')
    open = false
  }
  return {
    step: (number, title) => {
      clear()
      tenth = -1
      output.write(`\n${paint(36, `${String(number).padStart(2)}/10`)}  ${paint(1, title)}\n`)
    },
    line: text => {
      clear()
      output.write(`     ${text}\n`)
    },
    progress: ({ step, steps, loss, tokensPerSecond, secondsLeft }) => {
      const text = `     ${bar(step, steps)} step ${step}/${steps}  loss ${loss.toFixed(3)}  ${Math.round(tokensPerSecond)} tokens/s  ${Math.ceil(secondsLeft)} s left`
      if (live) {
        output.write(`\r\x1b[2K${text}`)
        open = true
        return
      }
      const now = Math.floor((10 * step) / Math.max(1, steps))
      if (now === tenth) return
      tenth = now
      output.write(`${text}\n`)
    },
  }
}
