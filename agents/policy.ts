import { asUnits } from '../infra/units.ts'

/** Every threshold an agent decides by, with its unit and its reason. What a verb accepts at all stands in tools/limits.ts. */
export const policy = {
  trainer: {
    /** Tries after the first, before a run is given up: the queue waits about 1, 2, 4 and 8 s between them. */
    retries: 4,
    /**
     * Rows under which a datanet counts as small: it needs smaller batches and larger steps to get anywhere. On 480 rows
     * of the sample: -22.6% held-out loss with the large recipe at its best, -25.3% with this one.
     */
    smallDatanet: 700,
    small: { rank: 16, alpha: 32, batch: 8, learningRate: 8e-3, weightDecay: 0.1, epochs: 5 },
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
