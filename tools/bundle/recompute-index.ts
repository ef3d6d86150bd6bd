import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Ensemble, openEnsemble } from '../../models/attribution/ensemble.ts'
import {
  type AnswerAttribution,
  type BuildOptions,
  buildIndex,
  openIndex,
} from '../../models/attribution/index.ts'
import type { Tolerance } from '../../models/attribution/tolerance.ts'
import { openTolerance } from '../../models/attribution/tolerance-open.ts'
import type { Engine, Example } from '../../models/engine.ts'
import { trainingExamples } from '../rows.ts'
import type { ReleaseEvidence } from './recompute-evidence.ts'

/** A release's attribution, built anew from the bundle alone. */
export interface Rebuilt {
  /** Tokens of the longest row or question with its answer. */
  readonly sequence: number
  /** The subset adapters' ensemble, or null where the release is not calibrated. */
  readonly ensemble: Ensemble | null
  attribute(question: Example): Promise<{ found: AnswerAttribution; tolerance: Tolerance }>
  /** Nats of an answer under each subset adapter. */
  outcomes(question: Example): Promise<Float64Array>
  close(): Promise<void>
}

const writeAdapter = async (
  folder: string,
  { weights, configuration }: Pick<ReleaseEvidence, 'weights' | 'configuration'>,
): Promise<void> => {
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'adapter_model.safetensors'), weights)
  await writeFile(join(folder, 'adapter_config.json'), configuration)
}

/**
 * Writes the adapters and builds the attribution index under `folder`; `questions` are those that will be attributed.
 * The index has the form that its size picks, unless one is named. Throws what the engine and `buildIndex` throw.
 */
export const rebuildIndex = async (
  engine: Engine,
  release: ReleaseEvidence,
  questions: readonly Example[],
  folder: string,
  options: Pick<BuildOptions, 'onProgress' | 'form'>,
): Promise<Rebuilt> => {
  const [adapter, index] = [join(folder, 'adapter'), join(folder, 'index')]
  await writeAdapter(adapter, release)
  const { calibration } = release
  const subsets = (calibration?.adapters ?? []).map(({ hash }) => join(folder, 'subsets', hash))
  for (const [m, path] of subsets.entries()) await writeAdapter(path, calibration!.adapters[m]!)
  const examples = trainingExamples(release.rows)
  await buildIndex(engine, adapter, examples, index, options)
  const attribution = await openIndex(engine, adapter, examples, index)

  const lengthOf = ({ prompt, answer }: Example): number =>
    engine.encode(prompt).length + engine.encode(answer).length
  const { config } = engine.base
  // The marks of the conversation are a few tokens more.
  const longest = [...examples, ...questions].reduce((most, one) => Math.max(most, lengthOf(one)), 0) + 32
  const sequence = Math.min(config.context, longest)
  const tolerance = await openTolerance(engine, adapter, examples, join(index, 'influence'), sequence)
  return {
    sequence,
    ensemble: calibration === null ? null : await openEnsemble(calibration.record),
    outcomes: async question => {
      const nats = new Float64Array(subsets.length)
      for (const [m, path] of subsets.entries()) nats[m] = (await engine.losses([question], path)).nats[0]!
      return nats
    },
    attribute: async question => ({
      found: await attribution.attribute(question),
      tolerance: await tolerance.ask(question),
    }),
    close: async () => {
      await tolerance.close()
      await attribution.close()
    },
  }
}
