/** Where time comes from. Nothing reads the machine's clock but an implementation of this. */
export interface Clock {
  now(): Date
}

/** The network's clock: the machine's, moved ahead by an offset that only the embedded network may raise (the chain is moved with it). */
export interface NetworkClock extends Clock {
  /** Milliseconds ahead of the machine's clock; the composition root keeps it in the database. */
  offsetMs: number
}

export const networkClock = (offsetMs = 0): NetworkClock => ({
  offsetMs,
  now() {
    return new Date(Date.now() + this.offsetMs)
  },
})

/** A clock for tests: it stands until it is told to move. */
export const standingClock = (start: Date): Clock & { advance(seconds: number): void } => {
  let at = start.getTime()
  return {
    now: () => new Date(at),
    advance: seconds => {
      at += seconds * 1000
    },
  }
}
