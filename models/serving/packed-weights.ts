import { fault } from '../../infra/errors.ts'
import type { ModelConfig } from '../architectures/config.ts'
import { headName } from '../architectures/decoder.ts'
import { weightShapes } from '../architectures/weights.ts'
import { product } from '../graph/products.ts'
import type { Tape, Value } from '../graph/tape.ts'
import type { Tensor } from '../session.ts'

/** How the frozen weights are held while serving. */
export type ServedWeights = 'float32' | 'int8' | 'int4'

/**
 * The frozen linear layers and the head as constants of the one graph that serves, where onnxruntime arranges them for its
 * products. Fed at each run instead, they would be arranged anew each time: float32 products took 1.2 times as long for 32
 * rows and 1.5 to 2 times for one.
 */
export interface PackedWeights {
  readonly kind: ServedWeights
  /** x [..., in] times the layer `path` ('head' for the output head), [..., out]. */
  product(tape: Tape, x: Value, path: string): Value
  readonly bytes: number
}

/** Weights of one row that share a scale. Smaller blocks lose less; 32 costs 1/8 of a bit more per weight in int4 than 64. */
const blockSize = 32

/** ONNX models are protobuf messages, which end at 2 GiB. */
const mostBytes = 2 ** 31 - 2 ** 26

/** Packs every linear layer and the head; embeddings, norms and biases stay fed. Null: too large, serve from fed weights. */
export function packWeights(
  config: ModelConfig,
  weights: Readonly<Record<string, Tensor>>,
  kind: ServedWeights,
): PackedWeights | null {
  const layers = linearLayers(config)
  const count = layers.reduce((sum, { shape: [out, width] }) => sum + out * width, 0)
  if (count * bytesPerWeight[kind] <= mostBytes) {
    return kind === 'float32' ? keepWeights(layers, weights) : roundWeights(layers, weights, kind)
  }
  if (kind === 'float32') return null
  throw fault('base-unsupported', `The base is too large to serve as ${kind}.`, {
    fix: kind === 'int8' ? 'Set TRIBUTARY_WEIGHTS to int4 or float32.' : 'Set TRIBUTARY_WEIGHTS to float32.',
    facts: { weights: count },
    blame: 'operator',
  })
}

/** A scale of 4 bytes for each block comes on top of the bits. */
const bytesPerWeight: Record<ServedWeights, number> = {
  float32: 4,
  int8: 1 + 4 / blockSize,
  int4: 0.5 + 4 / blockSize,
}

interface Layer {
  /** Module path, or `head`. */
  path: string
  /** Name of its weight. */
  name: string
  shape: readonly [out: number, width: number]
}

function linearLayers(config: ModelConfig): Layer[] {
  const shapes = weightShapes(config)
  const layer = (path: string, name: string): Layer => {
    const [out = 0, width = 0] = shapes.get(name) ?? []
    return { path, name, shape: [out, width] }
  }
  const projections = [...shapes.keys()].filter(name => name.endsWith('_proj.weight'))
  return [
    ...projections.map(name => layer(name.replace(/\.weight$/, ''), name)),
    layer('head', headName(config)),
  ]
}

function keepWeights(layers: readonly Layer[], weights: Readonly<Record<string, Tensor>>): PackedWeights {
  const byPath = new Map(layers.map(layer => [layer.path, layer]))
  return {
    kind: 'float32',
    bytes: layers.reduce((sum, { name }) => sum + weights[name]!.data.byteLength, 0),
    product(tape, x, path) {
      const { name, shape } = byPath.get(path)!
      const w = tape.constant(path, 'float32', shape, weights[name]!.data as Float32Array)
      return product(tape, x, w, [...x.dims.slice(0, -1), shape[0]], { transB: true })
    },
  }
}

interface Packed {
  out: number
  width: number
  data: Uint8Array
  /** One scale for each block: w = scale (q - 2^(bits - 1)). */
  scales: Float32Array
}

function roundWeights(
  layers: readonly Layer[],
  weights: Readonly<Record<string, Tensor>>,
  kind: 'int8' | 'int4',
): PackedWeights {
  const bits = kind === 'int8' ? 8 : 4
  const packed = new Map(layers.map(({ path, name, shape }) => [path, pack(weights[name]!, shape, bits)]))
  let bytes = 0
  for (const { data, scales } of packed.values()) bytes += data.byteLength + scales.byteLength
  return {
    kind,
    bytes,
    product(tape, x, path) {
      const { out, width, data, scales } = packed.get(path)!
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
