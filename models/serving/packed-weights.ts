import type { ModelConfig } from '../architectures/config.ts'
import { headName } from '../architectures/decoder.ts'
import { weightShapes } from '../architectures/weights.ts'
import type { Tape, Value } from '../graph/tape.ts'
import type { Tensor } from '../session.ts'

/** How the frozen weights are held while serving. */
export type ServedWeights = 'float32' | 'int8' | 'int4'

/** Frozen linear layers rounded to a few bits, multiplied by onnxruntime's MatMulNBits. */
export interface PackedWeights {
  /** x [..., in] times the layer `path` ('head' for the output head), [..., out]. */
  product(tape: Tape, x: Value, path: string): Value
  readonly bytes: number
}

/** Weights of one row that share a scale. Smaller blocks lose less; 32 costs 1/8 of a bit more per weight in int4 than 64. */
const blockSize = 32

interface Packed {
  out: number
  width: number
  data: Uint8Array
  /** One scale for each block: w = scale (q - 2^(bits - 1)). */
  scales: Float32Array
}

/** Rounds every linear layer and the head to `bits`; embeddings, norms and biases stay float32. */
export function packWeights(
  config: ModelConfig,
  weights: Readonly<Record<string, Tensor>>,
  bits: 4 | 8,
): PackedWeights {
  const layers = new Map<string, Packed>()
  for (const [name, dims] of weightShapes(config)) {
    if (!/_proj\.weight$/.test(name)) continue
    layers.set(name.replace(/\.weight$/, ''), pack(weights[name]!, dims, bits))
  }
  const head = headName(config)
  layers.set('head', pack(weights[head]!, weightShapes(config).get(head)!, bits))
  let bytes = 0
  for (const { data, scales } of layers.values()) bytes += data.byteLength + scales.byteLength
  return {
    bytes,
    product(tape, x, path) {
      const { out, width, data, scales } = layers.get(path)!
      const blocks = scales.length / out
      const q = tape.constant(path, 'uint8', [out, blocks, (blockSize * bits) / 8], data)
      const s = tape.constant(`${path} scales`, 'float32', [scales.length], scales)
      return tape.emit(
        'MatMulNBits',
        [x, q, s],
        [...x.dims.slice(0, -1), out],
        // Level 4: activations are rounded to int8 by block, products are summed in int32.
        { K: width, N: out, bits, block_size: blockSize, accuracy_level: 4 },
        'com.microsoft',
      )
    },
  }
}

/** Rounds w [out, in] by blocks along a row: the scale maps the value of largest size to the end of the range. */
function pack(weight: Tensor, dims: readonly number[], bits: 4 | 8): Packed {
  const [out = 0, width = 0] = dims
  const values = weight.data as Float32Array
  const blocks = Math.ceil(width / blockSize)
  const half = 2 ** (bits - 1)
  const perByte = 8 / bits
  const data = new Uint8Array((out * blocks * blockSize) / perByte).fill(bits === 4 ? 0x88 : 0x80)
  const scales = new Float32Array(out * blocks)
  for (let row = 0; row < out; row++) {
    for (let block = 0; block < blocks; block++) {
      const from = row * width + block * blockSize
      const until = Math.min(from + blockSize, (row + 1) * width)
      let extreme = 0
      for (let i = from; i < until; i++) if (Math.abs(values[i]!) > Math.abs(extreme)) extreme = values[i]!
      // The range has one step more below zero than above: the extreme goes there, whatever its sign.
      const scale = -extreme / half
      const place = row * blocks + block
      scales[place] = scale
      for (let i = from; i < until && scale !== 0; i++) {
        const q = Math.min(2 * half - 1, Math.max(0, Math.round(values[i]! / scale) + half))
        const at = place * blockSize + (i - from)
        if (bits === 8) data[at] = q
        else if (at % 2 === 0) data[at >> 1] = (data[at >> 1]! & 0xf0) | q
        else data[at >> 1] = (data[at >> 1]! & 0x0f) | (q << 4)
      }
    }
  }
  return { out, width, data, scales }
}
