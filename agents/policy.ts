import { asUnits } from '../infra/units.ts'

/** Every threshold an agent decides by, with its unit and its reason. What a verb accepts at all stands in tools/limits.ts. */
export const policy = {
  trainer: {
    /** Examples a step under which a small datanet gets more epochs: fewer than about this many steps leave the adapter half tuned. */
    leastSteps: 180,
    /** Epochs: three are enough for a thousand rows; more than eight only learn the rows by heart. */
    epochs: { least: 3, most: 8 },
  },
  treasurer: {
    /** Seconds an epoch stays open at least: an hour on the embedded network keeps the chain quiet and people paid the same day. */
    epochSeconds: 3600,
    /** Income under which an epoch is left open, units: posting a root for less would cost more than it pays. */
    leastIncome: asUnits(100_000n),
  },
  /** Seconds after which new events are put under a root on chain: what a forger could still change unseen is a minute old at most. */
  anchorSeconds: 60,
  /** Seconds between two looks at what is due by time alone (polls that close, windows that pass). */
  lookSeconds: 2,
  /** Seconds a graph thread's lease lasts without a heartbeat. */
  leaseSeconds: 30,
} as const
