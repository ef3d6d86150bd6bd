import { fault } from '../infra/errors.ts'
import type { GenerateRequest, Generation } from './engine.ts'
import type { Model } from './model.ts'
import { sampler } from './sampling.ts'
import { startSequence } from './serve.ts'
import type { Tokenizer } from './tokenizer.ts'

/**
 * Writes the next message of a conversation. Deterministic for a seed. Stops at the end of the turn, before a stop string,
 * after maxTokens, at the end of the context or when the signal aborts; what was written so far is returned in each case.
 * Error `prompt-too-long`: the conversation leaves no room in the context.
 */
export async function generate(
  model: Model,
  tokenizer: Tokenizer,
  request: GenerateRequest,
  onToken?: (text: string) => void,
): Promise<Generation> {
  const prompt = tokenizer.chat(request.messages, true)
  if (prompt.length >= model.config.context) {
    throw fault(
      'prompt-too-long',
      `The conversation has ${prompt.length} tokens; the model reads ${model.config.context}.`,
      {
        fix: 'Shorten the message or start a new conversation.',
        facts: { tokens: prompt.length, context: model.config.context },
      },
    )
  }
  const { temperature, topP, repetitionPenalty = 1, seed, signal } = request
  const pick = sampler({ temperature, topP, repetitionPenalty, seed })
  const { weights } = await model.adapted(request.adapter)
  const sequence = await startSequence(model, weights)
  const stops = (request.stop ?? []).filter(stop => stop.length > 0)
  const held = Math.max(0, ...stops.map(stop => stop.length - 1))
  const stream = tokenizer.stream()
  const limit = Math.min(request.maxTokens, model.config.context - prompt.length)
  const tokens: number[] = []
  const logProbs: number[] = []
  let finish: Generation['finish'] = 'length'
  let text = ''
  let sent = 0
  const send = (upTo: number): void => {
    if (upTo > sent) onToken?.(text.slice(sent, upTo))
    sent = Math.max(sent, upTo)
  }
  let fresh: readonly number[] = prompt
  while (tokens.length < limit) {
    if (signal?.aborted) {
      finish = 'cancelled'
      break
    }
    const logits = await sequence.feed(fresh)
    const { token, logProb } = pick.next(logits, tokens)
    if (token === tokenizer.eos) {
      finish = 'stop'
      break
    }
    tokens.push(token)
    logProbs.push(logProb)
    text += stream.push(token)
    const cut = firstStop(text, stops)
    if (cut >= 0) {
      text = text.slice(0, cut)
      finish = 'stop'
      break
    }
    send(text.length - held)
    fresh = [token]
  }
  if (firstStop(text, stops) < 0 && finish !== 'stop') text += stream.end()
  send(text.length)
  return { text, tokens, logProbs, promptTokens: prompt.length, finish }
}

function firstStop(text: string, stops: readonly string[]): number {
  const places = stops.map(stop => text.indexOf(stop)).filter(place => place >= 0)
  return places.length === 0 ? -1 : Math.min(...places)
}
