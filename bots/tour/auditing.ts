import { join } from 'node:path'
import { newId } from '../../infra/ids.ts'
import { verifyBundle } from '../../tools/bundle/verify.ts'
import { exportBundle } from '../../tools/export.ts'
import type { TourResult } from './result.ts'
import type { Tour } from './tour.ts'

/** Step 10: the bundle is exported and checked as an auditor would, from the file alone. */
export const exportAndVerify = async ({
  people,
  screen,
  network,
  model,
}: Tour): Promise<TourResult['verify']> => {
  screen.step(10, 'An auditor checks the exported bundle offline')
  const file = join(network.folder, 'exports', `${model}.tar`)
  await people.operator.do(`export/${newId()}`, exportBundle, { file })
  const verified = await verifyBundle(file)
  screen.line(
    `${verified.checks.filter(item => item.ok).length} of ${verified.checks.length} checks hold: ${file}`,
  )
  return { ok: verified.ok, checks: verified.checks }
}
