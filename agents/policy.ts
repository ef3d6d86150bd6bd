import { asUnits } from '../infra/units.ts'
import { subsetRecipe } from '../tools/tune.ts'

/** Every threshold an agent decides by, with its unit and its reason. What a verb accepts at all stands in tools/limits.ts. */
export const policy = {
  trainer: {
    /** Tries after the first, before a run is given up: the queue waits about 1, 2, 4 and 8 s between them. */
    retries: 4,
  },
  attributor: {
    /** Subset adapters of a release at most, and what they do otherwise than it. */
    subsets: { adapters: 32, ...subsetRecipe },
    /** Tries of a calibration after the first; then the release is paid provisionally. */
    retries: 4,
  },
  treasurer: {
    /** Seconds an epoch stays open at least: an hour on the embedded network keeps the chain quiet and people paid the same day. */
    epochSeconds: 3600,
    /** Income under which an epoch is left open, units: posting a root for less would cost more than it pays. */
    leastIncome: asUnits(100_000n),
  },
  /** Seconds after which new events are put under a root on chain: what a forger could still change unseen is a minute old at most. */
  anchorSeconds: 60,
  /** Seconds after which a submission without verdicts is queued again: beyond the 15 s that a job's own retries take. */
  curateAgainSeconds: 120,
  /** Seconds between two looks at what is due by time alone (polls that close, windows that pass). */
  lookSeconds: 2,
  /** Seconds a graph thread's lease lasts without a heartbeat. */
  leaseSeconds: 30,
} as const
