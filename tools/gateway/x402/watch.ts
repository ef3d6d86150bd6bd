import type { Gate } from '../gate.ts'
import { tillOf } from '../priced.ts'

/** A refund that could not be sent, or a request that broke off, waits this long at most beyond its minute. */
const LOOK_SECONDS = 15

/**
 * Finishes what requests and killed processes left behind, now and every few seconds, until the node closes; resolves once
 * nothing of it is under way.
 */
export const startPayments = async (gate: Gate): Promise<void> => {
  const { closing, network } = gate
  const till = tillOf(gate)
  while (!closing.aborted) {
    await till.sweep().catch(error => {
      network.log.warn('payments.look-failed', { error: error as Error })
    })
    await pause(LOOK_SECONDS * 1000, closing)
  }
  await till.idle()
}

const pause = (milliseconds: number, until: AbortSignal): Promise<void> =>
  new Promise(resolve => {
    if (until.aborted) return resolve()
    const timer = setTimeout(resolve, milliseconds).unref()
    until.addEventListener(
      'abort',
      () => {
        clearTimeout(timer)
        resolve()
      },
      { once: true },
    )
  })
