import { setTimeout as pause } from 'node:timers/promises'
import { isFault } from '../../../infra/errors.ts'
import { withLease } from '../../../infra/leases.ts'
import { keepReach } from '../../webhooks.ts'
import type { Gate } from '../gate.ts'
import { openDeliveries } from './deliveries.ts'

const POLL_MS = 1000
const LEASE_SECONDS = 30

/**
 * Sends webhooks until the gate closes; the promise is fulfilled once nothing is under way. Of several processes one works,
 * the others take over when its lease runs out.
 */
export const startWebhooks = async ({ network, settings, closing }: Gate): Promise<void> => {
  const { db, clock, log } = network
  const reach = settings.TRIBUTARY_WEBHOOKS
  const rest = (ms: number) => pause(ms, undefined, { signal: closing, ref: false }).catch(() => {})
  const work = async (lost: AbortSignal): Promise<void> => {
    const signal = AbortSignal.any([lost, closing])
    const deliveries = openDeliveries(network, reach, signal)
    try {
      while (!signal.aborted) {
        await deliveries.start()
        await rest(POLL_MS)
      }
    } finally {
      await deliveries.settled()
    }
  }
  let kept = false
  while (!closing.aborted)
    try {
      if (!kept) await keepReach(db, reach)
      kept = true
      await withLease(db, clock, 'webhooks', LEASE_SECONDS, work)
    } catch (error) {
      if (closing.aborted) return
      if (!isFault(error, 'lease-held')) log.warn('webhooks.stopped', { error: String(error) })
      await rest(5 * POLL_MS)
    }
}
