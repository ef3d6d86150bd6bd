import { fault } from '../infra/errors.ts'
import { openBaseFolder } from './base.ts'
import { meanHidden } from './embed.ts'
import type { Engine, EngineOptions, Example, GradientRows } from './engine.ts'
import { answerLosses, answerNats, gradientBlocks } from './evaluate.ts'
import { generate } from './generate.ts'
import { closeLinear, matmulTransposed } from './linear.ts'
import { loraLayout, readLoraShape, tensorsOf } from './lora.ts'
import { openModel } from './model.ts'
import type { TokenExample } from './packing.ts'
import { defaultThreads } from './session.ts'
import { openTokenizer, type Tokenizer } from './tokenizer.ts'
import { train } from './train.ts'

/** Tokens of an example, its answer cut at `limit`. Error `example-too-long`: the question alone fills it. */
function tokenise(tokenizer: Tokenizer, example: Example, limit: number): TokenExample {
  const { ids, answerStart } = tokenizer.example(example.prompt, example.answer)
  if (answerStart >= limit || answerStart >= ids.length) {
    throw fault(
      'example-too-long',
      `A question has ${answerStart} tokens and leaves no room for its answer in ${limit}.`,
      {
        fix: 'Shorten the question.',
        facts: { tokens: answerStart, limit },
      },
    )
  }
  return { tokens: ids.slice(0, limit), answerStart, weight: example.weight ?? 1 }
}

/** The engine in this thread: a run of onnxruntime blocks it. `openEngine` puts it into a thread of its own. */
export async function openOnnxEngine(options: EngineOptions): Promise<Engine> {
  const { name, hash } = await openBaseFolder(options.base)
  const threads = options.threads ?? defaultThreads()
  const tokenizer = await openTokenizer(options.base)
  const model = await openModel(options.base, threads)
  const { config } = model
  const tokens = (examples: readonly Example[], limit = config.context): TokenExample[] =>
    examples.map(example => tokenise(tokenizer, example, Math.min(limit, config.context)))
  let turn: Promise<unknown> = Promise.resolve()
  /** Conversations are written one after another, in the order asked. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = turn.then(work)
    turn = result.catch(() => undefined)
    return result
  }
  return {
    base: { name, hash, config, dim: config.dim },
    train: async (examples, recipe, trainOptions) =>
      train(model, {
        base: { name, hash },
        examples: tokens(examples, recipe.maxTokens),
        recipe,
        options: trainOptions,
        pause: () => turn,
      }),
    losses: async (examples, adapter, { signal } = {}) =>
      answerLosses(model, tokens(examples), adapter, signal),
    async answerLogProbs(example, adapter) {
      const [own] = tokens([example])
      const [nats] = await answerNats(model, [own!], adapter)
      return { tokens: own!.tokens.slice(own!.answerStart), logProbs: nats!.map(value => -value) }
    },
    async *gradients(examples, adapter, { signal } = {}): AsyncGenerator<GradientRows> {
      for await (const { indices, rows } of gradientBlocks(model, tokens(examples), adapter, signal)) {
        const size = rows.length / indices.length
        for (const [i, first] of indices.entries()) {
          yield { first, count: 1, rows: rows.subarray(i * size, (i + 1) * size) }
        }
      }
    },
    gradientLayout: adapter => tensorsOf(loraLayout(config, readLoraShape(adapter))),
    gradientSize: adapter => loraLayout(config, readLoraShape(adapter)).size,
    encode: text => tokenizer.encode(text),
    decode: ids => tokenizer.decode(ids),
    matmulTransposed: (a, b, k) => matmulTransposed(a, b, k, threads),
    generate: (request, onToken) => inTurn(() => generate(model, tokenizer, request, onToken)),
    embed: texts =>
      meanHidden(
        model,
        texts.map(text => tokenizer.encode(text).slice(0, config.context)),
      ),
    status: () => ({ device: 'cpu', threads, baseBytes: model.baseBytes, ...model.counts() }),
    async close() {
      await turn
      await model.close()
      await closeLinear()
    },
  }
}
