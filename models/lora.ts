import { createHash } from 'node:crypto'
import { access, open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { fault, isFault } from '../infra/errors.ts'
import { adaptedModules } from './adapted-modules.ts'
import {
  adapterConfigOf,
  configFile,
  type LoraShape,
  parseAdapterConfig,
  readAdapterConfig,
  refuseAdapter,
} from './adapter-config.ts'
import type { ModelConfig } from './architectures/config.ts'
import { linearShapes } from './architectures/weights.ts'
import { encodeSafetensors, parseSafetensors, type SafetensorsFile } from './safetensors.ts'
import { uniform } from './sampling.ts'

export { configFile, type LoraShape, readLoraShape } from './adapter-config.ts'

/** One adapted linear layer: a [rank, in] at `aOffset` and b [out, rank] at `bOffset` of the adapter's flat vector. */
export interface LoraPart {
  /** Module path in the base, such as `model.layers.0.self_attn.q_proj`. */
  path: string
  rank: number
  /** Factor of the update b a: alpha / rank, or alpha / sqrt(rank) for rank-stabilised LoRA. */
  scale: number
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
  /** The same for layouts that share graphs. */
  key: string
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
const pickleFile = 'adapter_model.bin'

export const tensorName = (path: string, side: 'A' | 'B'): string =>
  `base_model.model.${path}.lora_${side}.weight`

/** Lays an adapter out on a base. Error `recipe-invalid`: a target names no linear layer, or a rank or alpha is out of range. */
export function loraLayout(config: ModelConfig, shape: LoraShape): LoraLayout {
  const { layout, reasons } = layOut(config, shape)
  if (reasons.length === 0) return layout
  const { rank, alpha } = shape
  throw fault(
    'recipe-invalid',
    `A LoRA of rank ${rank}, alpha ${alpha} on ${[shape.targets].flat().join(', ') || 'no layer'} is not possible: ${reasons.join('; ')}.`,
    {
      fix: `Use a rank from 1 to 256, a positive alpha and layers among ${[...linearShapes(config).keys()].map(module => module.split('.')[1]).join(', ')}.`,
      facts: { rank, alpha, reasons: reasons.length },
    },
  )
}

function layOut(config: ModelConfig, shape: LoraShape): { layout: LoraLayout; reasons: string[] } {
  const sizes = new Map<string, readonly [out: number, width: number]>()
  for (let layer = 0; layer < config.layers; layer++)
    for (const [module, size] of linearShapes(config)) sizes.set(`model.layers.${layer}.${module}`, size)
  const { modules, reasons } = adaptedModules([...sizes.keys()], shape)
  let size = 0
  const parts = modules.map(({ path, rank, scale }): LoraPart => {
    const [out, width] = sizes.get(path)!
    const aOffset = size
    const bOffset = aOffset + rank * width
    size = bOffset + out * rank
    return { path, rank, scale, out, width, aOffset, bOffset }
  })
  const key = parts.map(({ path, rank, scale }) => `${path} ${rank} ${scale}`).join()
  return { layout: { parts, size, key }, reasons }
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

/** The adapter with every matrix B multiplied by `strength`: on the way from the base (0) to the adapter itself (1). */
export function weakened(adapter: Adapter, strength: number): Adapter {
  if (strength === 1) return adapter
  const flat = adapter.flat.slice()
  for (const { bOffset, out, rank } of adapter.layout.parts)
    for (let i = bOffset; i < bOffset + out * rank; i++) flat[i] = flat[i]! * strength
  return { ...adapter, flat }
}

/**
 * Reads a PEFT adapter for a base. Only safetensors (float32, float16, bfloat16); each tensor must be there with its exact
 * shape, and finite. Error `adapter-invalid` with all reasons.
 */
export async function readAdapter(folder: string, config: ModelConfig): Promise<Adapter> {
  const parsed = parseAdapterConfig(readAdapterConfig(folder))
  const laidOut = 'shape' in parsed ? layOut(config, parsed.shape) : null
  const reasons = [...('shape' in parsed ? [] : parsed.reasons), ...(laidOut?.reasons ?? [])]
  const path = join(folder, weightsFile)
  const bytes = await readFile(path).catch(() => null)
  let file: SafetensorsFile | null = null
  let cause: unknown
  if (!bytes) reasons.push(await absence(folder))
  else {
    try {
      file = parseSafetensors(bytes, weightsFile)
    } catch (error) {
      if (!isFault(error, 'safetensors-invalid')) throw error
      cause = error
      reasons.push(error.message.replace(/\.$/, ''))
    }
  }
  if (!file || !laidOut || !('shape' in parsed) || !bytes) throw refuseAdapter(folder, reasons, cause)
  const { layout } = laidOut
  const flat = new Float32Array(layout.size)
  // Where the layout itself is in doubt, its tensors would only repeat why.
  if (reasons.length === 0) reasons.push(...fill(flat, layout, file))
  if (reasons.length > 0) throw refuseAdapter(folder, reasons)
  return { shape: parsed.shape, layout, flat, hash: createHash('sha256').update(bytes).digest('hex') }
}

async function absence(folder: string): Promise<string> {
  const pickled = await access(join(folder, pickleFile)).then(
    () => true,
    () => false,
  )
  return pickled
    ? `its weights are ${pickleFile}, a pickle, which can run code when it is opened: save them as ${weightsFile}`
    : `it has no readable ${weightsFile}`
}

/** Copies a file's tensors to their places; returns what is absent, misshapen, not finite or too many. */
function fill(flat: Float32Array, layout: LoraLayout, { tensors }: SafetensorsFile): string[] {
  const reasons: string[] = []
  const wanted = tensorsOf(layout)
  for (const { name, offset, shape } of wanted) {
    const tensor = tensors.get(name)
    if (!tensor) reasons.push(`${name} is absent`)
    else if (`${tensor.shape}` !== `${shape}`)
      reasons.push(`${name} has shape [${tensor.shape}] instead of [${shape}]`)
    else if (!tensor.data.every(Number.isFinite)) reasons.push(`${name} is not finite`)
    else flat.set(tensor.data, offset)
  }
  const known = new Set(wanted.map(({ name }) => name))
  const extra = [...tensors.keys()].filter(name => !known.has(name))
  if (extra.length > 0)
    reasons.unshift(`it has ${extra.length} tensors that its config does not name, such as ${extra[0]}`)
  return reasons
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
  const config = adapterConfigOf(shape, baseName)
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
