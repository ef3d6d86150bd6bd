import type { ModelConfig } from './architectures/config.ts'

export type { ModelConfig } from './architectures/config.ts'

/** One question and its answer. */
export interface Example {
  prompt: string
  answer: string
  /** How much the answer's loss counts in training; 1 where absent, 0 keeps the example's slot and drops its effect. */
  weight?: number
}

/** Everything that decides an adapter, next to the examples and the base. */
export interface Recipe {
  /** LoRA rank r. */
  rank: number
  /** LoRA alpha; the update is scaled by alpha / rank. */
  alpha: number
  /** Names of the linear layers that are adapted, such as `q_proj`. */
  targets: readonly string[]
  epochs: number
  /** Examples a step. */
  batch: number
  /** Peak of the one-cycle schedule. */
  learningRate: number
  weightDecay: number
  /** AdamW's epsilon; outside the root as in PyTorch, or inside it, which keeps the update smooth in the data. */
  epsilon: number
  epsilonPlace: 'inside' | 'outside'
  seed: number
  /** Longer examples are cut at the end of the answer, tokens. */
  maxTokens: number
  /** Steps between two checkpoints. */
  checkpointEvery: number
}

export const allLinear: readonly string[] = [
  'q_proj',
  'k_proj',
  'v_proj',
  'o_proj',
  'gate_proj',
  'up_proj',
  'down_proj',
]

/** For the shipped base: on 974 rows of MedQuAD the held-out loss falls from 3.597 to 1.361 nats a token (2e-3: 1.557). */
export const defaultRecipe: Recipe = {
  rank: 8,
  alpha: 16,
  targets: allLinear,
  epochs: 3,
  batch: 16,
  learningRate: 4e-3,
  weightDecay: 0.01,
  // Inside the root; 1e-8 there already damps the small gradients of A (1.72 nats a token instead of 1.66).
  epsilon: 1e-12,
  epsilonPlace: 'inside',
  seed: 1,
  maxTokens: 384,
  checkpointEvery: 25,
}

export interface Progress {
  step: number
  steps: number
  /** Mean nats per answer token of this step's batch. */
  loss: number
  /** Real tokens (no padding) computed so far. */
  tokens: number
  tokensPerSecond: number
  secondsLeft: number
}

export interface TrainOptions {
  /** Where adapter_config.json, adapter_model.safetensors and, while running, the checkpoint are written. */
  folder: string
  /** Continue from the folder's checkpoint where it belongs to the same base, recipe and examples (default true). */
  resume?: boolean
  onProgress?(progress: Progress): void
  signal?: AbortSignal
  /** Written into the safetensors header, so it is covered by the adapter's hash. */
  metadata?: Record<string, string>
}

export interface TrainResult {
  /** sha256 of adapter_model.safetensors, hex. */
  hash: string
  steps: number
  tokens: number
  tokensPerSecond: number
  seconds: number
  firstLoss: number
  lastLoss: number
}

export interface Message {
  role: 'system' | 'user' | 'assistant'
  content: string
}

export interface GenerateRequest {
  messages: readonly Message[]
  /** Folder of a PEFT adapter, or null for the base alone. */
  adapter: string | null
  maxTokens: number
  /** 0 takes the most likely token. */
  temperature: number
  topP: number
  repetitionPenalty?: number
  seed: number
  /** Generation ends before the first of these strings. */
  stop?: readonly string[]
  signal?: AbortSignal
}

export interface Generation {
  text: string
  tokens: number[]
  /** Natural log of each token's probability under the model (temperature 1). */
  logProbs: number[]
  promptTokens: number
  finish: 'stop' | 'length' | 'cancelled'
}

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
  device: 'cpu'
  threads: number
  /** Memory of the base's weights. */
  baseBytes: number
  /** Adapters held merged in memory. */
  adapters: number
  /** Graphs held open. */
  sessions: number
}

/**
 * The one door to the maths: tunes, evaluates and serves LoRA adapters on one base model. Adapters are named by their
 * folder. Calls may overlap; the engine runs them one after another in the order they come.
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
   * Errors: `no-examples`, `recipe-invalid`, `cancelled` (retry continues from the checkpoint), `training-diverged`.
   */
  train(examples: readonly Example[], recipe: Recipe, options: TrainOptions): Promise<TrainResult>
  /** Nats of each answer (its tokens and the end of the turn) after its question. */
  losses(examples: readonly Example[], adapter: string | null, options?: Cancellable): Promise<Losses>
  /** Log-probability of each answer token, the end of the turn included. */
  answerLogProbs(
    example: Example,
    adapter: string | null,
  ): Promise<{ tokens: number[]; logProbs: Float32Array }>
  /** Gradient of each example's own loss; blocks may come in any order of examples, each example once. */
  gradients(examples: readonly Example[], adapter: string, options?: Cancellable): AsyncIterable<GradientRows>
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
  close(): Promise<void>
}

export interface EngineOptions {
  /** Folder with config.json, model.safetensors, tokenizer.json and its manifest of hashes. */
  base: string
  /** Threads of one product; default: the machine's cores, at most 8. */
  threads?: number
}

/**
 * Opens a base model after checking its files against the folder's manifest.
 * Errors: `base-corrupt` (fix: fetch it again), `base-unsupported` (all reasons at once).
 */
export async function openEngine(options: EngineOptions): Promise<Engine> {
  const { openThreadedEngine } = await import('./threaded-engine.ts')
  return openThreadedEngine(options)
}
