import { cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { encodeSafetensors, readSafetensors } from '../../models/safetensors.ts'

const shipped = resolve(import.meta.dirname, '../../models/base/tributary-8m')

/**
 * Writes a base model of the Llama family into `folder`: the shipped one, cut off after its first layers. It speaks no
 * English any more, but it is tuned, asked and attributed in seconds, and tuning lowers its loss as it does the whole one's.
 */
export const writeTinyBase = async (folder: string, layers = 2): Promise<void> => {
  await mkdir(folder, { recursive: true })
  const { tensors } = await readSafetensors(join(shipped, 'model.safetensors'))
  const kept = [...tensors].filter(([name]) => Number(/layers\.(\d+)\./.exec(name)?.[1] ?? 0) < layers)
  await writeFile(join(folder, 'model.safetensors'), encodeSafetensors(kept))
  const config: Record<string, unknown> = JSON.parse(await readFile(join(shipped, 'config.json'), 'utf8'))
  await writeFile(
    join(folder, 'config.json'),
    JSON.stringify({ ...config, num_hidden_layers: layers, torch_dtype: 'float32' }),
  )
  for (const file of ['tokenizer.json', 'tokenizer_config.json', 'generation_config.json'])
    await cp(join(shipped, file), join(folder, file))
}
