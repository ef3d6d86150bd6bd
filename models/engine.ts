import type { ModelConfig } from './architectures/config.ts'
import type { ServedWeights } from './serving/packed-weights.ts'
import type { ServingLimits } from './serving/queue.ts'
import type { GenerateRequest, Generation } from './serving/request.ts'
import type { SchedulerStatus } from './serving/scheduler.ts'
import type { Device } from './session.ts'
import type {
  Example,
  Member,
  Preference,
  PreferenceOptions,
  PreferenceResult,
  RangeCheck,
  RangeOptions,
  Recipe,
  TogetherOptions,
  TrainOptions,
  TrainResult,
} from './training/recipe.ts'

export type { ModelConfig } from './architectures/config.ts'
export * from './serving/request.ts'
export * from './training/recipe.ts'

export interface Losses {
  /** Sum of -log p over each example's answer tokens, nats. */
  nats: Float64Array
  /** Answer tokens of each example, the end-of-turn token included. */
  tokens: Uint32Array
  /** All nats / all tokens. */
  perToken: number
}

export interface GradientRows {
  /** Index of the first example of these rows. */
  first: number
  count: number
  /** [count, gradientSize]: d(nats of the example's answer) / d(LoRA), tensors in the order of `gradientLayout`. */
  rows: Float32Array
}

export interface GradientOptions extends Cancellable {
  /** The adapter counts this much, as if each matrix B were multiplied by it; 1 where absent. */
  strength?: number
}

/** One LoRA tensor's place in a gradient row. */
export interface GradientPart {
  /** Name of the tensor in adapter_model.safetensors. */
  name: string
  offset: number
  shape: readonly [number, number]
}

export interface Cancellable {
  signal?: AbortSignal
}

export interface EngineStatus {
  /** Where graphs run. */
  device: Device
  /** How the frozen weights are held while serving. */
  weights: ServedWeights
  threads: number
  /** Memory of the base's weights, one copy for all graphs but the serving one. */
  baseBytes: number
  /** Memory of the copy that the serving graph has arranged for itself. */
  packedBytes: number
  /** Hash of the base's embedding adapter, or `base` where it has none. */
  embedding: string
  /** Adapters held as they were read, and their bytes. */
  adapters: number
  adapterBytes: number
  /** Adapters held merged into the base's layers, and the bytes of those layers. */
  merged: number
  mergedBytes: number
  /** Graphs held open. */
  sessions: number
  serving: SchedulerStatus
  /** Resident memory of the whole process. */
  processBytes: number
}

/**
 * The one door to the maths: tunes, evaluates and serves LoRA adapters on one base model. Adapters are named by their
 * folder. Calls may overlap: conversations are written together, one batch; between their steps a training goes on.
 */
export interface Engine {
  readonly base: {
    readonly name: string
    readonly hash: string
    readonly config: ModelConfig
    readonly dim: number
  }
  /**
   * Tunes an adapter: AdamW on the answer tokens, one-cycle schedule. The same base, recipe, examples and thread count
   * give the same bytes, also when the process was killed between and called again.
   * Errors: `no-examples`, `examples-invalid` and `example-too-long` (all of them by index), `recipe-invalid` (all reasons),
   * `memory-exceeded`, `cancelled` (retry continues from the checkpoint), `training-diverged`.
   */
  train(examples: readonly Example[], recipe: Recipe, options: TrainOptions): Promise<TrainResult>
  /**
   * Tunes an adapter on preference pairs by direct preference optimisation (Rafailov et al. 2023), as deterministic and as
   * resumable as `train`. Errors: those of `train`, and `pairs-invalid` (empty, equal or too long, by index).
   */
  trainPreferences(
    pairs: readonly Preference[],
    recipe: Recipe,
    options: PreferenceOptions,
  ): Promise<PreferenceResult>
  /**
   * Learning-rate range test (Smith 2015) on a throw-away adapter: the rate rises exponentially from step to step until the
   * loss diverges. Writes nothing. Errors: `no-examples`, `recipe-invalid`, `range-invalid`, `memory-exceeded`, `cancelled`.
   */
  rangeCheck(examples: readonly Example[], recipe: Recipe, options: RangeOptions): Promise<RangeCheck>
  /**
   * Tunes several adapters side by side, each as `train` would tune it alone up to the last float32 digits: their rows share
   * the products with the frozen weights. One checkpoint for all. Errors: those of `train` but `memory-exceeded`.
   */
  trainTogether(members: readonly Member[], recipe: Recipe, options: TogetherOptions): Promise<TrainResult[]>
  /** Nats of each answer (its tokens and the end of the turn) after its question. */
  losses(examples: readonly Example[], adapter: string | null, options?: Cancellable): Promise<Losses>
  /** Log-probability of each answer token, the end of the turn included. */
  answerLogProbs(
    example: Example,
    adapter: string | null,
  ): Promise<{ tokens: number[]; logProbs: Float32Array }>
  /** Gradient of each example's own loss; blocks may come in any order of examples, each example once. */
  gradients(
    examples: readonly Example[],
    adapter: string,
    options?: GradientOptions,
  ): AsyncIterable<GradientRows>
  /** The tensors of a gradient row in order; their sizes sum to its length p. */
  gradientLayout(adapter: string): readonly GradientPart[]
  /** Length p of a gradient row. */
  gradientSize(adapter: string): number
  /** Token ids of a text without special tokens: the unit of spans and unigram counts. */
  encode(text: string): number[]
  decode(tokens: readonly number[]): string
  /** a [m, k] times b [n, k] transposed, to [m, n] row-major; f16 operands are given as their bits and summed in f32. */
  matmulTransposed(
    a: Float32Array | Uint16Array,
    b: Float32Array | Uint16Array,
    k: number,
  ): Promise<Float32Array>
  generate(request: GenerateRequest, onToken?: (text: string) => void): Promise<Generation>
  /** Mean of the last hidden state over the text's tokens, L2-normalised; length base.dim. */
  embed(texts: readonly string[]): Promise<Float32Array[]>
  status(): EngineStatus
  /**
   * Opens one more engine of the same base beside this one, with a memory of its own: several engines of one thread each
   * tune several adapters half as fast again as one engine with all threads. The caller closes it.
   */
  another(options: { threads: number; background?: boolean }): Promise<Engine>
  close(): Promise<void>
}

export interface EngineOptions {
  /** Folder with config.json, model.safetensors, tokenizer.json and its manifest of hashes. */
  base: string
  /** Threads of one product; default: the machine's cores, at most 8. */
  threads?: number | undefined
  /** Gives way to everything else on the machine: its threads run at a lower priority where the system has one. */
  background?: boolean | undefined
  /** Default `cpu`. Error `device-unavailable`: it is not there, or does not compute rightly. */
  device?: Device | undefined
  /** Frozen weights while serving; rounded ones are faster and lose a little (default `float32`). */
  weights?: ServedWeights | undefined
  /** Memory for adapters that are read, bytes; default 256 MiB. */
  adapterBytes?: number | undefined
  serving?: Partial<ServingLimits> | undefined
  /** Memory that the whole process may take while the engine trains, bytes; default: three quarters of the machine's. */
  memoryBytes?: number | undefined
}

/**
 * Opens a base model after checking its files against the folder's manifest.
 * Errors: `base-corrupt` (fix: fetch it again), `base-unsupported` (all reasons at once).
 */
export async function openEngine(options: EngineOptions): Promise<Engine> {
  const { openThreadedEngine } = await import('./threaded-engine.ts')
  return openThreadedEngine(options)
}
