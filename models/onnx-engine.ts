import { openBaseFolder } from './base.ts'
import { openConstraints } from './constraint/constraint.ts'
import { checkDevice } from './device.ts'
import { meanHidden, openEmbeddingAdapter } from './embed.ts'
import type { Engine, EngineOptions, Example, GradientRows } from './engine.ts'
import { answerLosses, answerNats, gradientBlocks } from './evaluate.ts'
import { closeLinear, matmulTransposed } from './linear.ts'
import { loraLayout, readLoraShape, tensorsOf } from './lora.ts'
import { openModel } from './model.ts'
import type { TokenExample } from './packing.ts'
import { Forward } from './serving/forward.ts'
import { generate } from './serving/generate.ts'
import { packWeights } from './serving/packed-weights.ts'
import { defaultServingLimits, Scheduler } from './serving/scheduler.ts'
import { defaultThreads } from './session.ts'
import { openTokenizer } from './tokenizer.ts'
import { trainingCalls } from './training/calls.ts'
import { tokeniseExamples } from './training/examples.ts'

/** Seconds that a step of a training waits for people's answers; then it takes its turn between theirs. */
const patience = 2

/** The engine in this thread: a run of onnxruntime blocks it. `openEngine` puts it into a thread of its own. */
export async function openOnnxEngine(options: EngineOptions): Promise<Engine> {
  const { name, hash } = await openBaseFolder(options.base)
  const embedding = await openEmbeddingAdapter(options.base, hash)
  const threads = options.threads ?? defaultThreads()
  const tokenizer = await openTokenizer(options.base)
  const { device = 'cpu', weights = 'float32', adapterBytes } = options
  await checkDevice(device)
  const model = await openModel(options.base, threads, { device, adapterBytes })
  const { config } = model
  const tokens = (examples: readonly Example[], limit = config.context): TokenExample[] =>
    tokeniseExamples(tokenizer, examples, Math.min(limit, config.context))
  const packed = packWeights(config, model.weights, weights)
  const scheduler = new Scheduler(model, new Forward(model, packed), {
    ...defaultServingLimits,
    ...options.serving,
  })
  const constraints = openConstraints(tokenizer, config.vocabulary)
  return {
    base: { name, hash, config, dim: config.dim },
    ...trainingCalls({
      model,
      tokenizer,
      base: { name, hash },
      memoryBytes: options.memoryBytes,
      pause: () => scheduler.idle(patience),
    }),
    losses: async (examples, adapter, { signal } = {}) =>
      answerLosses(model, tokens(examples), adapter, signal),
    async answerLogProbs(example, adapter) {
      const [own] = tokens([example])
      const [nats] = await answerNats(model, [own!], adapter)
      return { tokens: own!.tokens.slice(own!.answerStart), logProbs: nats!.map(value => -value) }
    },
    async *gradients(examples, adapter, options = {}): AsyncGenerator<GradientRows> {
      for await (const { indices, rows } of gradientBlocks(model, tokens(examples), adapter, options)) {
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
    generate: (request, onToken) => generate({ model, tokenizer, scheduler, constraints }, request, onToken),
    async embed(texts) {
      const { weights } = await model.adapted(embedding?.folder ?? null)
      const sequences = texts.map(text => tokenizer.encode(text).slice(0, config.context))
      return meanHidden(model, sequences, weights)
    },
    status: () => ({
      device,
      weights,
      threads,
      baseBytes: model.baseBytes,
      packedBytes: packed?.bytes ?? 0,
      embedding: embedding?.hash ?? 'base',
      ...model.counts(),
      serving: scheduler.status(),
      processBytes: process.memoryUsage.rss(),
    }),
    another: own => openOnnxEngine({ ...options, ...own }),
    async close() {
      await scheduler.idle()
      await constraints.close()
      await model.close()
      await closeLinear()
    },
  }
}
