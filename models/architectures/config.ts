/** The decoder families that have golden cases; another one is refused when the model is loaded. */
export type Family = 'llama' | 'mistral' | 'qwen2' | 'qwen3'

/** Llama 3's stretched rotary frequencies (long wavelengths divided by `factor`, short ones kept, a ramp between). */
export interface RopeScaling {
  factor: number
  lowFrequencyFactor: number
  highFrequencyFactor: number
  originalContext: number
}

/** What the engine needs of a Hugging Face `config.json`, checked and with defaults filled in. */
export interface ModelConfig {
  family: Family
  vocabulary: number
  /** Width of the residual stream. */
  dim: number
  /** Width of the feed-forward layer. */
  hidden: number
  layers: number
  heads: number
  /** Key/value heads; fewer than `heads` for grouped-query attention. */
  kvHeads: number
  /** Width of one head; need not be dim / heads. */
  headDim: number
  normEpsilon: number
  ropeTheta: number
  ropeScaling: RopeScaling | null
  /** Longest sequence, tokens. */
  context: number
  tiedHead: boolean
  /** Bias on q, k, v (Qwen2); `outputBias` is the one on o. */
  attentionBias: boolean
  outputBias: boolean
  mlpBias: boolean
  /** RMS norm on each head's q and k (Qwen3). */
  headNorm: boolean
}
