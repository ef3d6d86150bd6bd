import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { writeTinyBase } from '../../infra/testing/tiny-base.ts'
import { openEngine } from '../../models/engine.ts'
import { openSampleNetwork, type SampleNetwork } from '../bundle/sample-network.ts'

const sample = resolve(import.meta.dirname, '../../infra/samples/beekeepers')

/** The shortest rows of the shipped sample. */
export const sampleRows = async (count: number): Promise<{ question: string; answer: string }[]> => {
  const files = (await readdir(sample)).filter(
    name => name.endsWith('.jsonl') && !name.startsWith('evaluation'),
  )
  const texts = await Promise.all(files.sort().map(name => readFile(join(sample, name), 'utf8')))
  return texts
    .flatMap(text => text.trim().split('\n'))
    .toSorted((a, b) => a.length - b.length || (a < b ? -1 : 1))
    .slice(0, count)
    .map(line => JSON.parse(line))
    .map(({ question, answer }) => ({ question, answer }))
}

export interface OwnStage extends SampleNetwork {
  /** A folder of the test's own. */
  readonly folder: string
}

/** The sample network over the smallest base that can be tuned. */
export const openOwnStage = async (): Promise<OwnStage> => {
  const folder = await mkdtemp(join(tmpdir(), 'tributary-own-'))
  await writeTinyBase(join(folder, 'base'), 1)
  const engine = await openEngine({ base: join(folder, 'base'), threads: 1 })
  const stage = await openSampleNetwork(engine)
  return {
    ...stage,
    folder,
    remove: async () => {
      await stage.remove()
      await engine.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
