import { createHash } from 'node:crypto'
import { fault } from '../../../infra/errors.ts'
import type { Engine, GenerateRequest, Generation } from '../../../models/engine.ts'

/** What the scripted model says to a request; throwing makes the model fail. */
export type Script = (request: GenerateRequest) => string | Promise<string>

/** Echoes the last message, in words that a test can foretell. */
export const echo: Script = request => `You asked: ${request.messages.at(-1)?.content ?? ''}`

const pieces = (text: string): string[] => text.match(/\s*\S+\s*/g) ?? []
const tick = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

/**
 * The engine's part in serving, without a model: a word is a token, each costs one turn of the event loop, and every token
 * has the log-probability -0.5. `embed` gives unit vectors of length 4 that only depend on the text.
 */
export const scriptedEngine = (
  script: Script = echo,
): Pick<Engine, 'generate' | 'embed' | 'encode' | 'decode'> => ({
  encode: text => pieces(text).map((_, at) => at),
  decode: tokens => tokens.join(' '),
  embed: async texts =>
    texts.map(text => {
      const bytes = createHash('sha256').update(text).digest()
      const raw = Float32Array.from({ length: 4 }, (_, at) => bytes.readInt8(at) + 0.5)
      const norm = Math.hypot(...raw)
      return raw.map(value => value / norm)
    }),
  generate: async (request, onToken): Promise<Generation> => {
    const said = cutAtStop(await script(request), request.stop ?? [])
    const words = pieces(said)
    const told: string[] = []
    let finish: Generation['finish'] = 'stop'
    for (const word of words) {
      if (request.signal?.aborted === true) {
        finish = 'cancelled'
        break
      }
      if (told.length >= request.maxTokens) {
        finish = 'length'
        break
      }
      await tick()
      told.push(word)
      onToken?.(word)
    }
    if (finish === 'cancelled') throw fault('cancelled', 'The answer was cancelled.', { fix: 'Ask again.' })
    return {
      text: told.join(''),
      tokens: told.map((_, at) => at),
      logProbs: told.map(() => -0.5),
      top: told
        .map(() => [{ token: 0, logProb: -0.5 }])
        .slice(0, request.topLogProbs === undefined ? 0 : undefined),
      promptTokens: request.messages.reduce((sum, { content }) => sum + pieces(content).length, 0),
      finish,
    }
  },
})

const cutAtStop = (text: string, stops: readonly string[]): string => {
  const cuts = stops.map(stop => text.indexOf(stop)).filter(at => at >= 0)
  return cuts.length === 0 ? text : text.slice(0, Math.min(...cuts))
}
