import { type Branch, besideLinears, type Frozen } from '../graph/beside.ts'
import { type Int8Matrix, type Int8Rows, int8Product, int8ProductByRow, quantised } from '../graph/int8.ts'
import { type LowRank, product } from '../graph/products.ts'
import type { Tape, Value } from '../graph/tape.ts'
import type { ModelConfig } from './config.ts'
import { type DecoderInput, weight } from './decoder.ts'
import { linearShapes } from './weights.ts'

/** How the products with frozen matrices are computed. */
export type Products = 'float32' | 'int8'

/** Layers of a block that read the same rows: computed together at the first of them. */
const groups: readonly (readonly string[])[] = [
  ['self_attn.q_proj', 'self_attn.k_proj', 'self_attn.v_proj'],
  ['self_attn.o_proj'],
  ['mlp.gate_proj', 'mlp.up_proj'],
  ['mlp.down_proj'],
]

/** Names of a matrix's 8-bit tensors (int8.ts makes them): forward w^T [in, out] for y = x w^T, backward w [out, in] for dy w. */
export const int8Names = (path: string) => ({
  forward: { values: `${path}.int8.forward`, scales: `${path}.int8.forward.scales` },
  backward: { values: `${path}.int8.backward`, scales: `${path}.int8.backward.scales` },
})

function frozenFloat(tape: Tape, config: ModelConfig, path: string): Frozen {
  const w = weight(tape, config, `${path}.weight`)
  const [out, width] = w.dims as readonly [number, number]
  return {
    forward: x => product(tape, x, w, [x.dims[0]!, out], { transB: true }),
    backward: dy => product(tape, dy, w, [dy.dims[0]!, width]),
  }
}

function frozenInt8(
  tape: Tape,
  path: string,
  [out, width]: readonly [number, number],
  rows: (x: Value) => Int8Rows,
): Frozen {
  const names = int8Names(path)
  const byRow = path.endsWith('.down_proj')
  const matrix = (side: 'forward' | 'backward', k: number, n: number) => ({
    values: tape.input(names[side].values, [k, n], 'int8'),
    scales: tape.input(names[side].scales, [n]),
  })
  return {
    forward: x => {
      const dims = [x.dims[0]!, out]
      const w = matrix('forward', width, out)
      return byRow ? int8ProductByRow(tape, x, w, dims) : int8Product(tape, rows(x), w, dims)
    },
    backward: dy => int8Product(tape, rows(dy), matrix('backward', out, width), [dy.dims[0]!, width]),
  }
}

/** The quantised head transposed, [dim, vocabulary], for the logits. */
export function int8Head(tape: Tape, { dim, vocabulary }: ModelConfig): Int8Matrix {
  const { values, scales } = int8Names('head').forward
  return { values: tape.input(values, [dim, vocabulary], 'int8'), scales: tape.input(scales, [vocabulary]) }
}

/** Linear layers with their low-rank updates beside the frozen product, which is float32 or int8 both ways. */
export function besideLinear(
  tape: Tape,
  config: ModelConfig,
  lowRank: ReadonlyMap<string, LowRank>,
  products: Products,
): DecoderInput['linear'] {
  const shapes = linearShapes(config)
  const ready = new Map<string, Value>()
  return (x, path) => {
    const known = ready.get(path)
    if (known) return known
    const [, layer, module] = /^(model\.layers\.\d+)\.(.+)$/.exec(path)!
    const group = groups.find(names => names.includes(module!))!
    const seen = new Map<string, Int8Rows>()
    const rows = (value: Value): Int8Rows => {
      const quantisedRows = seen.get(value.name) ?? quantised(tape, value)
      seen.set(value.name, quantisedRows)
      return quantisedRows
    }
    const branches = group.map((name): Branch => {
      const own = `${layer}.${name}`
      const frozen =
        products === 'int8' ? frozenInt8(tape, own, shapes.get(name)!, rows) : frozenFloat(tape, config, own)
      return { frozen, update: lowRank.get(own) ?? null }
    })
    for (const [i, output] of besideLinears(tape, x, branches).entries())
      ready.set(`${layer}.${group[i]}`, output)
    return ready.get(path)!
  }
}
