import { fault } from '../infra/errors.ts'

const maxStops = 16
const maxCharacters = 256

export interface StopText {
  /** Takes the next piece of text; `emit` is what can no longer belong to a stop string. Empty once stopped. */
  push(text: string): { emit: string; stopped: boolean }
  /** What is still held back when the text ends; '' once stopped. */
  end(): string
}

/**
 * Cuts a text that comes in pieces before its first stop string: the one that is complete first, of those the longest, however the pieces
 * are cut. Holds back only the longest end of the text that may still become a stop string. Error `stop-strings`: more
 * than 16, or one that is empty, longer than 256 UTF-16 units or not well-formed.
 */
export const stopText = (stops: readonly string[]): StopText => {
  check(stops)
  const longest = Math.max(0, ...stops.map(stop => stop.length))
  let held = ''
  let stopped = false
  return {
    push(text) {
      if (stopped) return { emit: '', stopped }
      const all = held + text
      const cut = firstStop(all, stops)
      stopped = cut >= 0
      const keep = stopped ? all.length - cut : unfinished(all, stops, longest)
      const emit = all.slice(0, all.length - keep)
      held = stopped ? '' : all.slice(emit.length)
      return { emit, stopped }
    },
    end() {
      const rest = held
      held = ''
      return rest
    },
  }
}

const check = (stops: readonly string[]): void => {
  const reasons = stops.length > maxStops ? [`there are ${stops.length}, more than ${maxStops}`] : []
  for (const [i, stop] of stops.slice(0, maxStops).entries()) {
    if (stop === '') reasons.push(`number ${i + 1} is empty`)
    if (stop.length > maxCharacters)
      reasons.push(`number ${i + 1} has ${stop.length} characters, more than ${maxCharacters}`)
    if (!stop.isWellFormed()) reasons.push(`number ${i + 1} is cut inside a character`)
  }
  if (reasons.length > 0)
    throw fault('stop-strings', `The stop strings cannot be used: ${reasons.join('; ')}.`, {
      fix: `Give up to ${maxStops} stop strings of 1 to ${maxCharacters} characters.`,
      facts: { stops: stops.length },
    })
}

/** Where the stop string begins that is complete first, of those the longest; -1 where there is none. */
const firstStop = (text: string, stops: readonly string[]): number => {
  let start = -1
  let end = Infinity
  for (const stop of stops) {
    const place = text.indexOf(stop)
    if (place < 0 || place + stop.length > end) continue
    start = place + stop.length < end ? place : Math.min(start, place)
    end = place + stop.length
  }
  return start
}

const unfinished = (text: string, stops: readonly string[], longest: number): number => {
  for (let length = Math.min(longest - 1, text.length); length > 0; length--) {
    const tail = text.slice(-length)
    if (stops.some(stop => stop.startsWith(tail))) return length
  }
  return 0
}
