import { fault } from '../../infra/errors.ts'
import type { Constraints, Matcher } from '../constraint/constraint.ts'
import type { Model } from '../model.ts'
import { sampler } from '../sampling.ts'
import { stopText } from '../stop.ts'
import type { Tokenizer } from '../tokenizer.ts'
import type { GenerateRequest, Generation } from './request.ts'
import type { Scheduler } from './scheduler.ts'

export interface Generator {
  model: Model
  tokenizer: Tokenizer
  scheduler: Scheduler
  constraints: Constraints
}

/**
 * Writes the next message of a conversation, batched with whatever else is being written. Stops at the end of the turn,
 * before a stop string, after maxTokens, at the end of the context or when the signal aborts; what was written so far is
 * returned in each case. Alone it is the same to the bit for a seed; what is computed in company may differ in its last bits.
 * Errors: `prompt-too-long` (no room in the context), `queue-full` (retry), `adapter-invalid`, `sampling-options`,
 * `stop-strings`, `constraint-invalid`.
 */
export async function generate(
  { model, tokenizer, scheduler, constraints }: Generator,
  request: GenerateRequest,
  onToken?: (text: string) => void,
): Promise<Generation> {
  const { context } = model.config
  const { signal } = request
  const prompt = promptOf(tokenizer, request, context)
  const limit = limitOf(request.maxTokens, context - prompt.length)
  const pick = sampler(request)
  const stop = stopText((request.stop ?? []).filter(text => text.length > 0))
  const adapter = request.adapter === null ? null : await model.adapters.get(request.adapter)
  const constraint = request.constraint ? await constraints.compile(request.constraint) : null
  const matcher = constraint?.start() ?? null
  const stream = tokenizer.stream()
  const generation: Generation = {
    text: '',
    tokens: [],
    logProbs: [],
    top: [],
    promptTokens: prompt.length,
    finish: 'length',
  }
  const emit = (text: string): void => {
    if (text === '') return
    generation.text += text
    onToken?.(text)
  }
  const next = (logits: Float32Array): number | null => {
    const { token, logProb, top } = pick.next(logits, generation.tokens, matcher?.mask() ?? null)
    if (token === tokenizer.eos) return finished()
    matcher?.accept(token)
    generation.tokens.push(token)
    generation.logProbs.push(logProb)
    generation.top.push(top)
    const { emit: text, stopped } = stop.push(stream.push(token))
    emit(text)
    if (stopped) return finished()
    return generation.tokens.length < limit ? token : null
  }
  const finished = (): null => {
    generation.finish = 'stop'
    return null
  }
  try {
    const end = await scheduler.run({ prompt, maxTokens: limit, adapter, next, signal })
    if (end === 'cancelled') generation.finish = 'cancelled'
  } finally {
    close(matcher)
    constraint?.close()
  }
  const { emit: tail, stopped } = stop.push(stream.end())
  emit(tail)
  if (!stopped) emit(stop.end())
  return generation
}

const close = (matcher: Matcher | null): void => matcher?.close()

function promptOf(tokenizer: Tokenizer, { messages }: GenerateRequest, context: number): number[] {
  const prompt = tokenizer.chat(messages, true)
  if (prompt.length < context) return prompt
  throw fault(
    'prompt-too-long',
    `The conversation has ${prompt.length} tokens; the model reads ${context}.`,
    {
      fix: 'Shorten the message or start a new conversation.',
      facts: { tokens: prompt.length, context },
    },
  )
}

function limitOf(maxTokens: number, room: number): number {
  if (Number.isSafeInteger(maxTokens) && maxTokens > 0) return Math.min(maxTokens, room)
  throw fault('sampling-options', `${maxTokens} tokens cannot be asked for.`, {
    fix: 'Ask for a positive whole number of tokens.',
    facts: { maxTokens },
  })
}
