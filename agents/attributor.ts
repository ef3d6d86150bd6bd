import { attribute } from '../tools/attribute.ts'
import { calibrate } from '../tools/calibrate.ts'
import type { Network } from '../tools/context.ts'
import { actAs } from './act.ts'
import { policy } from './policy.ts'

/** Measures one answer; again once its release is calibrated. The exact method is affordable for every answer. */
export const measure = async (network: Network, answerId: string, signal?: AbortSignal): Promise<void> => {
  const [calibrated] = await network.db.query(
    'select 1 from calibrations c join answers a on a.release_id = c.release_id where a.id = $1',
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

/** Tunes a release's subset adapters, as many as the policy affords. */
export const calibrateRelease = (
  network: Network,
  releaseId: string,
  signal?: AbortSignal,
): Promise<void> => {
  const known = underWay.get(releaseId)
  if (known !== undefined) return known
  const working = actAs(network, 'attributor')(
    calibrate,
    { releaseId, ...policy.attributor },
    { key: releaseId, ...(signal === undefined ? {} : { signal }) },
  )
    .then(() => undefined)
    .finally(() => underWay.delete(releaseId))
  underWay.set(releaseId, working)
  return working
}
