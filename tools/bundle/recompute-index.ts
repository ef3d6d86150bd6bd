import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fault } from '../../infra/errors.ts'
import { type AnswerAttribution, buildIndex, openIndex } from '../../models/attribution/index.ts'
import { readMeta, readNumbers } from '../../models/attribution/index-files.ts'
import { influenceTolerance, type Tolerance } from '../../models/attribution/tolerance.ts'
import type { Engine, Example } from '../../models/engine.ts'
import { trainingExamples } from '../rows.ts'
import type { ReleaseEvidence } from './recompute-evidence.ts'

/** A release's attribution, built anew from the bundle alone. */
export interface Rebuilt {
  /** Tokens of the longest row or question with its answer. */
  readonly sequence: number
  readonly tolerance: Tolerance
  attribute(question: Example): Promise<{ found: AnswerAttribution; norm: number }>
  close(): Promise<void>
}

/**
 * Writes the adapter and builds its attribution index under `folder`; `questions` are those that will be attributed.
 * `onProgress` hears how many of the rows' gradients are there. Throws what the engine and `buildIndex` throw.
 */
export const rebuildIndex = async (
  engine: Engine,
  release: ReleaseEvidence,
  questions: readonly Example[],
  folder: string,
  onProgress: (done: number, total: number) => void,
): Promise<Rebuilt> => {
  const [adapter, index] = [join(folder, 'adapter'), join(folder, 'index')]
  await mkdir(adapter, { recursive: true })
  await writeFile(join(adapter, 'adapter_model.safetensors'), release.weights)
  await writeFile(join(adapter, 'adapter_config.json'), release.configuration)
  const examples = trainingExamples(release.rows)
  await buildIndex(engine, adapter, examples, index, { onProgress })
  const attribution = await openIndex(engine, adapter, examples, index)
  const meta = await readMeta(index)
  if (meta === null)
    throw fault('index-stale', 'The attribution index was not finished.', { fix: 'Run this again.' })
  const numbers = async (name: string) => new Float64Array(await readNumbers(index, name, meta))

  const lengthOf = ({ prompt, answer }: Example): number =>
    engine.encode(prompt).length + engine.encode(answer).length
  const { config } = engine.base
  // The marks of the conversation are a few tokens more.
  const longest = [...examples, ...questions].reduce((most, one) => Math.max(most, lengthOf(one)), 0) + 32
  const sequence = Math.min(config.context, longest)
  const tolerance = influenceTolerance(config, sequence, {
    factor: await numbers('factor.f64'),
    ridge: meta.rows * meta.damping,
    roots: Float64Array.from(examples, ({ weight = 1 }) => Math.sqrt(weight)),
    scales: await numbers('scales.f64'),
    size: meta.size,
  })
  return {
    sequence,
    tolerance,
    attribute: async question => {
      let norm = 0
      for await (const { rows } of engine.gradients([question], adapter))
        norm = Math.sqrt(rows.reduce((total, value) => total + value * value, 0))
      return { found: await attribution.attribute(question), norm }
    },
    close: () => attribution.close(),
  }
}
