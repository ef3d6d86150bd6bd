import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Engine, Example } from '../engine.ts'
import { stale } from './index-files.ts'
import { namesOf, preconditionedIdentity, readInfluenceMeta, rowsIdentity } from './influence/meta.ts'
import { type ProjectedBlock, randomProjection } from './influence/projection.ts'
import { openRows, rowLayout } from './influence/rows-file.ts'
import { gradientError, type Tolerance } from './tolerance.ts'
import { influenceTolerance } from './tolerance-influence.ts'

export interface OpenTolerance {
  /** Tolerances of influence on one question. */
  ask(question: Pick<Example, 'prompt' | 'answer'>): Promise<Tolerance>
  close(): Promise<void>
}

/**
 * What a projection's signs widen an error by at worst: their norm over root k, 1 + sqrt(wide / k), over the half of a gradient's
 * own norm that is left of it but in 3 of 10^8 cases (chi square with 64 degrees of freedom).
 */
const wideningOf = ({ wide, width }: ProjectedBlock): number =>
  width < wide ? 2 * (1 + Math.sqrt(wide / width)) : 1

/**
 * Tolerances of the influence in a folder that `buildInfluence` wrote for this adapter and these rows.
 * @param tokens length of the longest example or question, prompt and answer
 * Throws `index-stale`, `kernel-not-positive`, and what the engine throws.
 */
export const openTolerance = async (
  engine: Engine,
  adapter: string,
  examples: readonly Example[],
  folder: string,
  tokens: number,
): Promise<OpenTolerance> => {
  const meta = await readInfluenceMeta(folder)
  if (meta === null) throw stale(folder, 'it was never finished')
  const { format, files, step, ...origin } = meta
  const projection = randomProjection(engine.gradientLayout(adapter), engine.matmulTransposed, meta)
  const { blocks } = projection
  const layout = rowLayout(blocks.map(({ rank, width }) => rank * width))
  const n = meta.rows
  const scratch = join(folder, 'tolerance.f32')
  const rows = await openRows(join(folder, 'rows.i8'), layout, rowsIdentity(origin), n)
  const path = join(folder, namesOf(n).preconditioned)
  const preconditioned = await openRows(path, layout, preconditionedIdentity(origin), n)
  const { config } = engine.base
  const tolerance = await influenceTolerance(
    {
      rows,
      preconditioned,
      roots: Float64Array.from(examples, ({ weight = 1 }) => Math.sqrt(weight)),
      step,
      share: meta.dampingShare,
      // Of two machines.
      errors: blocks.map(({ wide, width }) => 2 * gradientError(config, tokens, width < wide ? wide : 0)),
      widening: blocks.map(wideningOf),
    },
    engine.matmulTransposed,
    scratch,
  )
  return {
    async ask({ prompt, answer }) {
      for await (const { rows: gradient } of engine.gradients([{ prompt, answer }], adapter, {
        strength: meta.strength,
      }))
        return tolerance.ask((await projection.apply(gradient, 1)).slice())
      throw new Error('One question has one gradient.')
    },
    async close() {
      await tolerance.close()
      await rows.close()
      await preconditioned.close()
      await rm(scratch, { force: true })
    },
  }
}
