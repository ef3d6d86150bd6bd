import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { fault, type TributaryError } from '../infra/errors.ts'

/** Which linear layers an adapter changes, and how much, in PEFT's terms; `adapted-modules.ts` says what they mean. */
export interface LoraShape {
  rank: number
  alpha: number
  /** Last names or whole paths of linear layers; as one string a regular expression of whole paths, or `all-linear`. */
  targets: readonly string[] | string
  /** Scale alpha / sqrt(rank) instead of alpha / rank. */
  rankStabilised?: boolean
  /** Layers left out again, named as `targets` are. */
  excluded?: readonly string[] | string
  /** Decoder layers whose modules are adapted, from 0; all where absent. A target that is a whole path goes past it. */
  layers?: readonly number[]
  /** Ranks that differ, by regular expressions of the end of a path; the first that fits counts. */
  ranks?: Readonly<Record<string, number>>
  /** Alphas that differ, likewise. */
  alphas?: Readonly<Record<string, number>>
  /** As PEFT does, names of `targets` that fit no layer are passed over while others do; else they are refused. */
  passOver?: boolean
}

export const configFile = 'adapter_config.json'

const absent = (what: string) =>
  z
    .unknown()
    .refine(value => value === null || value === false, `${what} is not supported`)
    .optional()
const none = (what: string) =>
  z
    .unknown()
    .refine(
      value => value === null || (typeof value === 'object' && empty(value)),
      `${what} are not supported`,
    )
    .optional()
const empty = (value: object): boolean => Object.keys(value).length === 0
const names = z.union([z.array(z.string().min(1)), z.string().min(1)], 'it must be names or one expression')
const pattern = z.record(z.string(), z.number()).nullish()

/** What changes the maths and is not in `LoraShape` is refused; what only matters while tuning (dropout) is passed over. */
const schema = z.looseObject({
  peft_type: z.literal('LORA', 'only LoRA adapters can be used'),
  r: z.int().positive(),
  lora_alpha: z.number().positive(),
  target_modules: names.refine(value => value.length > 0, 'no layer is named'),
  exclude_modules: names.nullish(),
  layers_to_transform: z.union([z.int(), z.array(z.int())]).nullish(),
  layers_pattern: z
    .unknown()
    .refine(value => ['', 'layers'].includes(`${value ?? ''}`), 'the decoder has its layers under `layers`')
    .optional(),
  rank_pattern: pattern,
  alpha_pattern: pattern,
  use_rslora: z.boolean().nullish(),
  bias: z.literal('none', 'trained biases are not supported').default('none'),
  fan_in_fan_out: absent('a transposed layer'),
  use_dora: absent('DoRA'),
  use_qalora: absent('QALoRA'),
  use_bdlora: absent('block-diagonal LoRA'),
  kasa_config: absent('KaSA'),
  lora_bias: absent('a bias on B'),
  alora_invocation_tokens: absent('activated LoRA'),
  arrow_config: absent('routing between adapters'),
  monteclora_config: absent('MonteCLoRA'),
  modules_to_save: none('retrained modules'),
  target_parameters: none('adapted parameters outside linear layers'),
  trainable_token_indices: none('retrained tokens'),
  layer_replication: none('repeated layers'),
  // PiSSA, OLoRA, CorDA, LoftQ and LoRA-GA change the base's own weights when they start.
  init_lora_weights: z
    .union(
      [z.boolean(), z.enum(['gaussian', 'eva', 'orthogonal'])],
      'it starts from changed weights of the base',
    )
    .nullish(),
})

/** Error `adapter-invalid` with its reasons, the first eight of them written out. */
export function refuseAdapter(folder: string, reasons: readonly string[], cause?: unknown): TributaryError {
  const said = reasons.slice(0, 8)
  if (reasons.length > said.length) said.push(`and ${reasons.length - said.length} more`)
  return fault('adapter-invalid', `The adapter in ${folder} cannot be used: ${said.join('; ')}.`, {
    fix: 'Use a LoRA adapter in the PEFT format with safetensors weights for this base.',
    facts: { folder, reasons: reasons.length },
    ...(cause === undefined ? {} : { cause }),
  })
}

/** A PEFT adapter's shape, or every reason against its config. */
export function parseAdapterConfig(raw: unknown): { shape: LoraShape } | { reasons: string[] } {
  const parsed = schema.safeParse(raw)
  if (!parsed.success)
    return { reasons: parsed.error.issues.map(issue => `${issue.path.join('.')}: ${issue.message}`) }
  const config = parsed.data
  if (typeof config.target_modules === 'string' && (config.layers_to_transform ?? null) !== null)
    return { reasons: ['layers_to_transform: it needs target_modules to be a list'] }
  const layers = [config.layers_to_transform ?? []].flat()
  const shape: LoraShape = {
    rank: config.r,
    alpha: config.lora_alpha,
    targets: config.target_modules,
    passOver: true,
    ...(config.use_rslora ? { rankStabilised: true } : {}),
    ...(config.exclude_modules?.length ? { excluded: config.exclude_modules } : {}),
    ...(layers.length > 0 ? { layers } : {}),
    ...(empty(config.rank_pattern ?? {}) ? {} : { ranks: config.rank_pattern ?? {} }),
    ...(empty(config.alpha_pattern ?? {}) ? {} : { alphas: config.alpha_pattern ?? {} }),
  }
  return { shape }
}

/** The JSON of a folder's adapter_config.json. Error `adapter-invalid`: there is none. */
export function readAdapterConfig(folder: string): unknown {
  try {
    return JSON.parse(readFileSync(join(folder, configFile), 'utf8'))
  } catch (cause) {
    throw refuseAdapter(folder, [`it has no readable ${configFile}`], cause)
  }
}

/**
 * Reads a PEFT adapter's shape. Error `adapter-invalid`: not LoRA, or it uses what is not supported (DoRA, retrained modules,
 * biases); all reasons at once.
 */
export function readLoraShape(folder: string): LoraShape {
  const parsed = parseAdapterConfig(readAdapterConfig(folder))
  if ('reasons' in parsed) throw refuseAdapter(folder, parsed.reasons)
  return parsed.shape
}

/** The adapter_config.json of a shape. */
export const adapterConfigOf = (shape: LoraShape, baseName: string): Record<string, unknown> => ({
  peft_type: 'LORA',
  task_type: 'CAUSAL_LM',
  base_model_name_or_path: baseName,
  r: shape.rank,
  lora_alpha: shape.alpha,
  lora_dropout: 0,
  target_modules: shape.targets,
  exclude_modules: shape.excluded ?? null,
  layers_to_transform: shape.layers ?? null,
  layers_pattern: null,
  use_rslora: shape.rankStabilised ?? false,
  use_dora: false,
  bias: 'none',
  fan_in_fan_out: false,
  inference_mode: true,
  init_lora_weights: true,
  modules_to_save: null,
  rank_pattern: shape.ranks ?? {},
  alpha_pattern: shape.alphas ?? {},
})
