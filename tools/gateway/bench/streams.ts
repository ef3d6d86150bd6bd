import { fork } from 'node:child_process'
import { join } from 'node:path'
import { type Spread, spreadOf, watchMemory } from '../../../infra/testing/figures.ts'
import { scriptedEngine } from '../testing/scripted-engine.ts'
import { openStage } from '../testing/stage.ts'
import type { StreamEnd } from './crowd.ts'

/** Words of an answer and milliseconds between two of them: a stream lives for seconds, as those of real models do. */
const WORDS = 50
const PACE_MS = 100

export interface Streams {
  readonly streams: number
  /** Streams open at the same moment, all of them writing. */
  readonly together: number
  readonly whole: number
  readonly faults: readonly string[]
  readonly first: Spread
  /** Streams' words a second, all together. */
  readonly wordsPerSecond: number
  readonly memory: { readonly before: number; readonly mostMiB: number; readonly lastMiB: number }
}

/** Opens so many streams from another process; none is answered before all have been paid for and wait for their words. */
export const measureStreams = async (streams: number): Promise<Streams> => {
  const inner = scriptedEngine()
  let waiting = 0
  let open = 0
  let together = 0
  const all = Promise.withResolvers<void>()
  const pause = () => new Promise(resolve => setTimeout(resolve, PACE_MS))
  const stage = await openStage({
    prepaid: 10n ** 12n,
    engine: {
      ...inner,
      generate: async (request, onToken) => {
        if (++waiting === streams) all.resolve()
        await all.promise
        open++
        together = Math.max(together, open)
        const words = Array.from({ length: WORDS }, (_, at) => `w${at} `)
        for (const word of words) {
          await pause()
          if (request.signal?.aborted === true) break
          onToken?.(word)
        }
        open--
        return {
          text: words.join(''),
          tokens: words.map((_, at) => at),
          logProbs: words.map(() => -0.5),
          top: [],
          promptTokens: 3,
          finish: 'stop',
        }
      },
    },
  })
  const key = await stage.key({ ratePerMinute: 60_000 })
  const before = Math.round(process.memoryUsage().rss / 2 ** 20)
  const memory = watchMemory()
  const crowd = fork(join(import.meta.dirname, 'crowd.ts'), { execArgv: process.execArgv })
  const began = performance.now()
  try {
    const ends = await new Promise<StreamEnd[]>((resolve, reject) => {
      crowd.once('message', message => resolve(message as StreamEnd[]))
      crowd.once('exit', code => reject(new Error(`The crowd left with ${code}.`)))
      crowd.send({ url: stage.url, key, streams })
    })
    const seconds = (performance.now() - began) / 1000
    const whole = ends.filter(({ done, pieces }) => done && pieces === WORDS).length
    return {
      streams,
      together,
      whole,
      faults: [...new Set(ends.flatMap(({ fault }) => (fault === null ? [] : [fault])))].slice(0, 5),
      first: spreadOf(ends.flatMap(({ firstMs }) => (firstMs === null ? [] : [firstMs]))),
      wordsPerSecond: Math.round(ends.reduce((sum, { pieces }) => sum + pieces, 0) / seconds),
      memory: { before, ...memory() },
    }
  } finally {
    crowd.kill()
    await stage.close()
  }
}
