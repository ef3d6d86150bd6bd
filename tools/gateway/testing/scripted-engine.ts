import { createHash } from 'node:crypto'
import type { Engine, GenerateRequest, Generation, ModelConfig } from '../../../models/engine.ts'

/** What the scripted model says to a request; throwing makes the model fail. */
export type Script = (request: GenerateRequest) => string | Promise<string>

/** Echoes the last message, in words that a test can foretell. */
export const echo: Script = request => `You asked: ${request.messages.at(-1)?.content ?? ''}`

const pieces = (text: string): string[] => text.match(/\s*\S+\s*/g) ?? []
const tick = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

/** Words by the number that they got when they were first seen. */
const vocabulary = () => {
  const words: string[] = []
  const numbers = new Map<string, number>()
  return {
    number: (word: string): number => {
      const known = numbers.get(word) ?? words.length
      if (known === words.length) {
        words.push(word)
        numbers.set(word, known)
      }
      return known
    },
    word: (number: number): string => words[number] ?? '',
  }
}

/**
 * The engine's part in serving, without a model: a word is a token, each costs one turn of the event loop, and every token
 * has the log-probability -0.5. `embed` gives unit vectors of length 4 that only depend on the text.
 */
export const scriptedEngine = (
  script: Script = echo,
): Pick<Engine, 'base' | 'generate' | 'embed' | 'encode' | 'decode'> => {
  const { number, word } = vocabulary()
  const encode = (text: string) => pieces(text).map(number)
  return {
    base: {
      name: 'base',
      hash: 'b0',
      dim: 4,
      config: { context: 2048, vocabulary: 100_000, dim: 4 } as ModelConfig,
    },
    encode,
    decode: tokens => tokens.map(word).join(''),
    embed: async texts =>
      texts.map(text => {
        const bytes = createHash('sha256').update(text).digest()
        const raw = Float32Array.from({ length: 4 }, (_, at) => bytes.readInt8(at) + 0.5)
        const norm = Math.hypot(...raw)
        return raw.map(value => value / norm)
      }),
    generate: async (request, onToken): Promise<Generation> => {
      const told: string[] = []
      let finish: Generation['finish'] = 'stop'
      for (const piece of pieces(cutAtStop(await script(request), request.stop ?? []))) {
        if (told.length >= request.maxTokens) finish = 'length'
        if (request.signal?.aborted === true) finish = 'cancelled'
        if (finish !== 'stop') break
        await tick()
        told.push(piece)
        onToken?.(piece)
      }
      const tokens = told.map(number)
      return {
        text: told.join(''),
        tokens,
        logProbs: told.map(() => -0.5),
        top: tokens.map(token => [{ token, logProb: -0.5 }].slice(0, request.topLogProbs ?? 0)),
        promptTokens: request.messages.reduce((sum, { content }) => sum + pieces(content).length, 0),
        finish,
      }
    },
  }
}

const cutAtStop = (text: string, stops: readonly string[]): string => {
  const cuts = stops.map(stop => text.indexOf(stop)).filter(at => at >= 0)
  return cuts.length === 0 ? text : text.slice(0, Math.min(...cuts))
}
