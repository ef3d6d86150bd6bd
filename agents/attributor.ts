import { isFault } from '../infra/errors.ts'
import type { Job } from '../infra/queue.ts'
import { attribute } from '../tools/attribute.ts'
import { calibrate, forgoCalibration } from '../tools/calibrate.ts'
import type { Network } from '../tools/context.ts'
import { actAs } from './act.ts'
import { policy } from './policy.ts'

/** Measures one answer; again once its release is calibrated. The exact method is affordable for every answer. */
export const measure = async (network: Network, answerId: string, signal?: AbortSignal): Promise<void> => {
  const [calibrated] = await network.db.query(
    'select 1 from calibrations c join answers a on a.release_id = c.release_id where a.id = $1 and c.record_blob is not null',
    [answerId],
  )
  const key = calibrated === undefined ? answerId : `${answerId}/calibrated`
  await actAs(network, 'attributor')(
    attribute,
    { answerId },
    { key, ...(signal === undefined ? {} : { signal }) },
  )
}

/** Calibrations under way in this process: the settlement waits for the one that the release began. */
const underWay = new Map<string, Promise<void>>()

/**
 * Tunes a release's subset adapters, as many as the policy affords. What cannot succeed is given up with its reason, and so is
 * the last try of what might have: then the release is paid provisionally, and nobody waits.
 */
export const calibrateRelease = (
  network: Network,
  releaseId: string,
  job?: Pick<Job<object>, 'signal' | 'attempt'>,
): Promise<void> => {
  const known = underWay.get(releaseId)
  if (known !== undefined) return known
  const working = work(network, releaseId, job).finally(() => underWay.delete(releaseId))
  underWay.set(releaseId, working)
  return working
}

const work = async (
  network: Network,
  releaseId: string,
  job?: Pick<Job<object>, 'signal' | 'attempt'>,
): Promise<void> => {
  const act = actAs(network, 'attributor')
  try {
    await act(
      calibrate,
      { releaseId, ...policy.attributor.subsets },
      { key: releaseId, ...(job === undefined ? {} : { signal: job.signal }) },
    )
  } catch (error) {
    const hopeless = isFault(error) && !error.retry
    // The settlement has no tries of its own to count: it comes after those of the job, or runs where that was lost.
    const last = job === undefined || job.attempt >= policy.attributor.retries
    if (job?.signal.aborted || !(hopeless || last)) throw error
    network.log.warn('calibration.given-up', { release: releaseId, error: error as Error })
    const reason = isFault(error) ? `${error.message} ${error.fix}` : 'it failed; the log says how'
    await act(forgoCalibration, { releaseId, reason }, { key: releaseId })
  }
}
