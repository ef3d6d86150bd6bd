import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readConfig } from '../architectures/read-config.ts'
import { weightShapes } from '../architectures/weights.ts'
import { encodeSafetensors } from '../safetensors.ts'
import { uniform } from '../sampling.ts'

/** SmolLM2-135M's config.json: 538 MB in float32, more than any cache of a processor holds. */
const config = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  hidden_size: 576,
  intermediate_size: 1536,
  num_hidden_layers: 30,
  num_attention_heads: 9,
  num_key_value_heads: 3,
  vocab_size: 49152,
  max_position_embeddings: 2048,
  rms_norm_eps: 1e-5,
  rope_theta: 100000,
  hidden_act: 'silu',
  tie_word_embeddings: true,
  bos_token_id: 1,
  eos_token_id: 2,
}

/** Length of the random numbers that all matrices are cut from: a prime, so that rows differ. */
const period = 1_000_003

/** Writes a base with SmolLM2-135M's shape and random weights, without a tokenizer, into a new folder, which the caller deletes. */
export async function temporaryRandomBase(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tributary-bench-'))
  await writeFile(join(folder, 'config.json'), JSON.stringify(config))
  const random = uniform(1)
  const noise = Float32Array.from({ length: period }, () => 0.08 * (random() - 0.5))
  const tensors = [...weightShapes(await readConfig(folder))].map(([name, shape]) => {
    const data = new Float32Array(shape.reduce((product, size) => product * size, 1))
    if (shape.length === 1) data.fill(1)
    else for (let at = 0; at < data.length; at += period) data.set(noise.subarray(0, data.length - at), at)
    return [name, { shape, data }] as const
  })
  await writeFile(join(folder, 'model.safetensors'), encodeSafetensors(tensors))
  return folder
}
