import { readdir, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fault } from '../../infra/errors.ts'
import { type Adapter, tensorsOf } from '../lora.ts'
import { type Model, openModel } from '../model.ts'
import type { TokenExample } from '../packing.ts'
import { readSafetensors, type StoredTensor } from '../safetensors.ts'

/** Rows of a case: the preference loss pairs the first with the second and the third with the fourth. */
const rows = 4
const vectorsFile = 'golden.safetensors'

/** A case in memory: a base, an adapter on it and what another implementation computed with both. */
export interface GoldenCase {
  folder: string
  model: Model
  adapter: Adapter
  /** The base's weights with the adapter merged in. */
  weights: Model['weights']
  tensors: ReadonlyMap<string, StoredTensor>
  /** The rows of `input_ids` without their filling. */
  examples: readonly TokenExample[]
}

/** Name in golden.safetensors of what belongs to an adapter's tensor: `grad_mean_loss.` and the like before its path. */
export const vectorName = (prefix: string, tensor: string): string =>
  prefix + tensor.replace('base_model.model.', '')

/**
 * The folders of the cases in a directory, or the directory itself where it is one. Error `golden-missing`: it cannot be read
 * or holds none.
 */
export async function findCases(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(cause => {
    throw missing(directory, 'cannot be read', cause)
  })
  if (await isCase(directory)) return [directory]
  const found: string[] = []
  for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const folder = join(directory, entry.name)
    if (await isCase(folder)) found.push(folder)
  }
  if (found.length === 0) throw missing(directory, 'holds no golden case')
  return found
}

/** One of the parts is enough: a case that lacks another one must fail, not be passed over. */
async function isCase(folder: string): Promise<boolean> {
  const parts = [vectorsFile, join('base', 'config.json'), join('adapter', 'adapter_config.json')]
  const present = await Promise.all(parts.map(part => stat(join(folder, part)).catch(() => null)))
  return present.some(part => part !== null)
}

const missing = (directory: string, what: string, cause?: unknown) =>
  fault('golden-missing', `The folder ${directory} ${what}.`, {
    fix: `Name a folder of cases, or one case, with base/, adapter/ and ${vectorsFile}.`,
    facts: { directory },
    ...(cause === undefined ? {} : { cause }),
  })

/** Opens a case on `threads` threads; its model is the caller's to close. Error `golden-invalid`: its inputs are absent. */
export async function openCase(folder: string, threads: number): Promise<GoldenCase> {
  const path = join(folder, vectorsFile)
  if (!(await stat(path).catch(() => null))) throw invalid(folder, `it has no ${vectorsFile}`)
  const { tensors } = await readSafetensors(path)
  const examples = examplesOf(folder, tensors)
  const model = await openModel(join(folder, 'base'), threads)
  try {
    const { weights, adapter } = await model.adapted(join(folder, 'adapter'))
    return { folder, model, adapter: adapter!, weights, tensors, examples }
  } catch (error) {
    await model.close()
    throw error
  }
}

function examplesOf(folder: string, tensors: ReadonlyMap<string, StoredTensor>): TokenExample[] {
  const inputs = ['input_ids', 'attention_mask', 'loss_mask'].map(name => tensors.get(name))
  const [ids, attention, loss] = inputs
  if (!ids || !attention || !loss) throw invalid(folder, 'input_ids, attention_mask or loss_mask is absent')
  const [batch = 0, time = 0] = ids.shape
  if (inputs.some(input => `${input?.shape}` !== `${[batch, time]}`))
    throw invalid(folder, 'input_ids, attention_mask and loss_mask differ in shape')
  if (batch !== rows) throw invalid(folder, `it has ${batch} rows instead of ${rows}`)
  return Array.from({ length: batch }, (_, b) => {
    const row = ({ data }: StoredTensor): number[] => [...data.subarray(b * time, (b + 1) * time)]
    const tokens = row(ids).filter((_token, t) => row(attention)[t] === 1)
    return { tokens, answerStart: row(loss).indexOf(1), weight: 1 }
  })
}

const invalid = (folder: string, what: string) =>
  fault('golden-invalid', `The golden case ${basename(folder)} cannot be used: ${what}.`, {
    fix: 'Make it again with models/golden/reference.py.',
    facts: { folder },
  })

/** An adapter's vector [size] from the case's tensors of a prefix; NaN, which passes no bar, where one has another size. */
export function vectorOf({ adapter, tensors }: GoldenCase, prefix: string): Float32Array {
  const flat = new Float32Array(adapter.layout.size)
  for (const { name, offset, shape } of tensorsOf(adapter.layout)) {
    const { data, shape: own } = tensors.get(vectorName(prefix, name))!
    if (`${own}` === `${shape}`) flat.set(data, offset)
    else flat.fill(Number.NaN, offset, offset + shape[0] * shape[1])
  }
  return flat
}
