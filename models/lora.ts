import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { fault } from '../infra/errors.ts'
import type { ModelConfig } from './architectures/config.ts'
import { linearShapes } from './architectures/weights.ts'
import { encodeSafetensors, parseSafetensors } from './safetensors.ts'
import { uniform } from './sampling.ts'

/** One adapted linear layer: a [rank, in] at `aOffset` and b [out, rank] at `bOffset` of the adapter's flat vector. */
export interface LoraPart {
  /** Module path in the base, such as `model.layers.0.self_attn.q_proj`. */
  path: string
  rank: number
  out: number
  width: number
  aOffset: number
  bOffset: number
}

/** Where every matrix of an adapter lies in its flat vector. Layers in order, a before b. */
export interface LoraLayout {
  parts: readonly LoraPart[]
  /** Length p of the flat vector. */
  size: number
  /** Factor of the update: alpha / rank, or alpha / sqrt(rank) for rank-stabilised LoRA. */
  scale: number
  /** The same for layouts that share graphs. */
  key: string
}

export interface LoraShape {
  rank: number
  alpha: number
  targets: readonly string[]
  rankStabilised?: boolean
}

export interface Adapter {
  shape: LoraShape
  layout: LoraLayout
  /** All matrices, [size]. */
  flat: Float32Array
  /** sha256 of adapter_model.safetensors, hex. */
  hash: string
}

export const weightsFile = 'adapter_model.safetensors'
export const configFile = 'adapter_config.json'

export const tensorName = (path: string, side: 'A' | 'B'): string =>
  `base_model.model.${path}.lora_${side}.weight`

/** Lays an adapter out on a base. Error `recipe-invalid`: a target names no linear layer, or the rank is out of range. */
export function loraLayout(config: ModelConfig, shape: LoraShape): LoraLayout {
  const { rank, alpha, targets } = shape
  const shapes = [...linearShapes(config)]
  const unknown = targets.filter(target => !shapes.some(([module]) => module.endsWith(`.${target}`)))
  if (
    unknown.length > 0 ||
    targets.length === 0 ||
    !(Number.isInteger(rank) && rank > 0 && rank <= 256) ||
    !(alpha > 0)
  ) {
    throw fault(
      'recipe-invalid',
      `A LoRA of rank ${rank}, alpha ${alpha} on ${targets.join(', ') || 'no layer'} is not possible.`,
      {
        fix: `Use a rank from 1 to 256, a positive alpha and layers among ${shapes.map(([module]) => module.split('.')[1]).join(', ')}.`,
        facts: { rank, alpha, unknown: unknown.join(',') },
      },
    )
  }
  const parts: LoraPart[] = []
  let size = 0
  for (let layer = 0; layer < config.layers; layer++) {
    for (const [module, [out, width]] of shapes) {
      if (!targets.some(target => module.endsWith(`.${target}`))) continue
      const bOffset = size + rank * width
      parts.push({ path: `model.layers.${layer}.${module}`, rank, out, width, aOffset: size, bOffset })
      size = bOffset + out * rank
    }
  }
  const scale = shape.rankStabilised ? alpha / Math.sqrt(rank) : alpha / rank
  return { parts, size, scale, key: `${rank} ${scale} ${parts.map(part => part.path).join()}` }
}

/** Every tensor of an adapter in the order of the flat vector. */
export const tensorsOf = (layout: LoraLayout): { name: string; offset: number; shape: [number, number] }[] =>
  layout.parts.flatMap(({ path, rank, out, width, aOffset, bOffset }) => [
    { name: tensorName(path, 'A'), offset: aOffset, shape: [rank, width] as [number, number] },
    { name: tensorName(path, 'B'), offset: bOffset, shape: [out, rank] as [number, number] },
  ])

/** PEFT's default start: a uniform in +-1/sqrt(in) (Kaiming, a = sqrt 5), b zero, so that training starts at the base. */
export function initialLora(layout: LoraLayout, seed: number): Float32Array {
  const flat = new Float32Array(layout.size)
  const random = uniform(seed)
  for (const { aOffset, bOffset, width } of layout.parts) {
    const bound = 1 / Math.sqrt(width)
    for (let i = aOffset; i < bOffset; i++) flat[i] = (2 * random() - 1) * bound
  }
  return flat
}

const empty = z.union([
  z.null(),
  z.record(z.string(), z.unknown()).refine(value => Object.keys(value).length === 0),
])

const adapterSchema = z.looseObject({
  peft_type: z.literal('LORA'),
  r: z.int().min(1).max(256),
  lora_alpha: z.number().positive(),
  use_rslora: z.boolean().default(false),
  target_modules: z.array(z.string()).min(1),
  bias: z.literal('none').default('none'),
  fan_in_fan_out: z.literal(false).default(false),
  use_dora: z.literal(false).default(false),
  modules_to_save: z.union([z.null(), z.array(z.never())]).default(null),
  rank_pattern: empty.default({}),
  alpha_pattern: empty.default({}),
  layers_to_transform: z.null().default(null),
})

const refuse = (folder: string, reasons: readonly string[], cause?: unknown) =>
  fault('adapter-invalid', `The adapter in ${folder} cannot be used: ${reasons.join('; ')}.`, {
    fix: 'Use a LoRA adapter in the PEFT format with safetensors weights for this base.',
    facts: { folder },
    ...(cause === undefined ? {} : { cause }),
  })

/**
 * Reads a PEFT adapter's shape. Error `adapter-invalid`: not LoRA, or uses what is not supported (DoRA, modules_to_save,
 * biases, patterns); all reasons at once.
 */
export function readLoraShape(folder: string): LoraShape {
  let raw: unknown
  try {
    raw = JSON.parse(readFileSync(join(folder, configFile), 'utf8'))
  } catch (cause) {
    throw refuse(folder, [`it has no readable ${configFile}`], cause)
  }
  const parsed = adapterSchema.safeParse(raw)
  if (!parsed.success) {
    throw refuse(
      folder,
      parsed.error.issues.map(issue => `${issue.path.join('.')}: ${issue.message}`),
    )
  }
  const { r, lora_alpha, target_modules, use_rslora } = parsed.data
  // PEFT accepts whole paths too; the last name is what its own default configurations use.
  const targets = [...new Set(target_modules.map(name => name.split('.').at(-1)!))]
  return { rank: r, alpha: lora_alpha, targets, rankStabilised: use_rslora }
}

/**
 * Reads a PEFT adapter for a base. Only safetensors; each tensor must be there with its exact shape, and finite.
 * Error `adapter-invalid` with all reasons.
 */
export async function readAdapter(folder: string, config: ModelConfig): Promise<Adapter> {
  const shape = readLoraShape(folder)
  const layout = loraLayout(config, shape)
  const bytes = await readFile(join(folder, weightsFile)).catch(cause => {
    throw refuse(folder, [`it has no readable ${weightsFile}`], cause)
  })
  const { tensors } = parseSafetensors(bytes, join(folder, weightsFile))
  const flat = new Float32Array(layout.size)
  const reasons: string[] = []
  const wanted = tensorsOf(layout)
  for (const { name, offset, shape: want } of wanted) {
    const tensor = tensors.get(name)
    if (!tensor) reasons.push(`${name} is absent`)
    else if (`${tensor.shape}` !== `${want}`)
      reasons.push(`${name} has shape [${tensor.shape}] instead of [${want}]`)
    else if (!tensor.data.every(Number.isFinite)) reasons.push(`${name} is not finite`)
    else flat.set(tensor.data, offset)
  }
  if (tensors.size > wanted.length) reasons.push(`it has ${tensors.size - wanted.length} tensors too many`)
  if (reasons.length > 0) throw refuse(folder, reasons.slice(0, 8))
  return { shape, layout, flat, hash: createHash('sha256').update(bytes).digest('hex') }
}

/** Writes a file so that it is either the old one or the new one, also after a crash. */
export async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  const aside = `${path}.${process.pid}.part`
  const handle = await open(aside, 'w')
  try {
    await handle.writeFile(bytes)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(aside, path)
}

/** Writes an adapter in the PEFT format and returns the sha256 (hex) of its weights file. The config goes first. */
export async function writeAdapter(
  folder: string,
  adapter: { shape: LoraShape; layout: LoraLayout; flat: Float32Array },
  baseName: string,
  metadata: Readonly<Record<string, string>>,
): Promise<string> {
  const { shape, layout, flat } = adapter
  const config = {
    peft_type: 'LORA',
    task_type: 'CAUSAL_LM',
    base_model_name_or_path: baseName,
    r: shape.rank,
    lora_alpha: shape.alpha,
    lora_dropout: 0,
    target_modules: shape.targets,
    use_rslora: shape.rankStabilised ?? false,
    use_dora: false,
    bias: 'none',
    fan_in_fan_out: false,
    inference_mode: true,
    init_lora_weights: true,
    modules_to_save: null,
    rank_pattern: {},
    alpha_pattern: {},
  }
  await writeWhole(join(folder, configFile), Buffer.from(`${JSON.stringify(config, null, 2)}\n`))
  const bytes = encodeSafetensors(
    tensorsOf(layout).map(({ name, offset, shape: [rows, columns] }) => [
      name,
      { shape: [rows, columns], data: flat.subarray(offset, offset + rows * columns) },
    ]),
    metadata,
  )
  await writeWhole(join(folder, weightsFile), bytes)
  return createHash('sha256').update(bytes).digest('hex')
}
