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
  /**
   * Products with the frozen matrices: 'float32' (default), or 'int8', which takes about two thirds of the time and keeps the adapter's
   * own path in float32. Error `int8-unsupported` on a processor that multiplies 8-bit integers inexactly.
   */
  products?: 'float32' | 'int8' | undefined
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

/** Rows under which a datanet counts as small. */
const smallDatanet = 700

/**
 * The recipe for a datanet of so many rows: the default, or for a small one smaller batches and larger steps, which it needs to
 * get anywhere. On 480 rows of the sample: -22.6% held-out loss with the default at its best, -26.4% with this one. A fifth
 * epoch would give 0.9% more, and makes the tuning and every subset adapter of attribution a quarter dearer.
 */
export const recipeFor = (rows: number): Recipe => ({
  ...defaultRecipe,
  ...(rows < smallDatanet
    ? { rank: 16, alpha: 32, batch: 8, learningRate: 8e-3, weightDecay: 0.1, epochs: 4 }
    : {}),
})

/**
 * What a subset adapter does otherwise than its release, to be cheaper: two epochs and int8 products. It only has to rank
 * clusters as a full retraining would.
 */
export const subsetRecipe = { epochs: 2, products: 'int8' } as const satisfies Partial<Recipe>

export interface Progress {
  step: number
  steps: number
  /** Mean nats per answer token of this step's batch. */
  loss: number
  /** Real tokens (no padding) computed so far. */
  tokens: number
  tokensPerSecond: number
  secondsLeft: number
  /** Only in the event that follows an evaluation of the held-out examples. */
  evaluation?: EvaluationPoint
}

/** Held-out loss after a step: nats per answer token, or the preference loss of pairs. */
export interface EvaluationPoint {
  step: number
  loss: number
}

/** Early stop: the adapter of the lowest held-out loss is the one that is written. */
export interface Evaluation<Item> {
  /** Never trained on. */
  examples: readonly Item[]
  /** Steps between two evaluations; the last step is always evaluated. */
  every: number
  /** The training ends after so many evaluations in a row without a lower loss. */
  patience: number
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
  evaluation?: Evaluation<Example>
  /**
   * Steps, counted from 1, after which the adapter as it stands is also written, to `<folder>/step-<n>`. The result is the same
   * with and without. A finished training that lacks one of them is made again. Steps past an early stop are not kept.
   */
  keepAt?: readonly number[]
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
  /** With an evaluation: each one made, the first of the lowest loss, and whether it ended the training early. */
  evaluations?: EvaluationPoint[]
  bestStep?: number
  stoppedEarly?: boolean
}

/** A question and two answers, of which the first is preferred. */
export interface Preference {
  prompt: string
  chosen: string
  rejected: string
  /** How much the pair's loss counts; 1 where absent. */
  weight?: number
}

export interface PreferenceProgress extends Progress {
  /**
   * Reward margin of this step's pairs before the step: the mean of beta ((r_c - p_c) - (r_r - p_r)), p and r being the
   * answers' nats under the adapter and the reference. Absent in the event of an evaluation.
   */
  margin?: number
  /** Share of this step's pairs with a positive margin. */
  accuracy?: number
}

export interface PreferenceOptions extends Omit<TrainOptions, 'evaluation' | 'onProgress'> {
  /** Strength of the pull towards the reference; 0.1 where absent. */
  beta?: number
  /** Folder of the adapter to start from, whose rank, alpha and targets replace the recipe's; a fresh one where absent. */
  from?: string
  /** Folder of the reference adapter, or null for the base; where absent, what the training starts from. */
  reference?: string | null
  evaluation?: Evaluation<Preference>
  onProgress?(progress: PreferenceProgress): void
}

export interface PreferenceResult extends TrainResult {
  /** Reward margin and accuracy of all training pairs under the adapter that was written. */
  margin: number
  accuracy: number
}

export interface RangeOptions {
  /** First rate of the ramp; 1e-5 where absent. */
  from?: number
  /** Last rate; 1 where absent. */
  to?: number
  /** Steps of the ramp; 60 where absent. */
  steps?: number
  signal?: AbortSignal
}

export interface RangePoint {
  rate: number
  /** Nats per answer token of the step's batch, before the step. */
  loss: number
  /** Running mean of the losses so far (decay 0.9, corrected for its start). */
  smoothed: number
}

export interface RangeCheck {
  points: RangePoint[]
  /** A peak for the one-cycle schedule: a tenth of `lowest`; null where that lies below the ramp, as the loss never fell. */
  suggested: number | null
  /** Rate of the lowest smoothed loss. */
  lowest: number
  /** Rate at which the smoothed loss was a quarter above its lowest; null where the ramp ended before. */
  diverged: number | null
}

/** What may differ between adapters that are tuned together; their shape, AdamW's epsilon and the products are common. */
export type MemberRecipe = Pick<Recipe, 'seed' | 'epochs' | 'batch' | 'learningRate' | 'weightDecay'>

/** One of the adapters that are tuned together. */
export interface Member<Of = Example> {
  examples: readonly Of[]
  /** Where its adapter_config.json, adapter_model.safetensors and training.json are written. */
  folder: string
  recipe?: Partial<MemberRecipe>
  metadata?: Record<string, string>
}

export interface TogetherProgress {
  step: number
  /** Steps of the longest member. */
  steps: number
  /** Mean nats per answer token of each member's batch; null for a member that has ended. */
  losses: (number | null)[]
  /** Real tokens computed so far, of all members. */
  tokens: number
  tokensPerSecond: number
  secondsLeft: number
}

export interface TogetherOptions {
  /** Holds the checkpoint of them all while they run. */
  folder: string
  resume?: boolean
  signal?: AbortSignal
  onProgress?(progress: TogetherProgress): void
}
