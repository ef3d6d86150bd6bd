import type { GradientPart } from '../../engine.ts'
import { uniform } from '../../sampling.ts'
import type { Multiply } from '../kernel.ts'

/** Width k that the wide side of a LoRA gradient is projected to. */
export const defaultWidth = 64

/** One LoRA tensor's block of a projected row. */
export interface ProjectedBlock {
  /** Where the tensor starts in a gradient row. */
  offset: number
  rank: number
  /** The other side of the tensor: inputs of lora_A, outputs of lora_B. */
  wide: number
  /** lora_B lies [wide, rank] in a gradient row, lora_A [rank, wide]; a block is always [rank, width]. */
  wideFirst: boolean
  /** k, or `wide` where that is not larger: such a tensor is kept as it is. */
  width: number
  /** Where the block starts in a projected row. */
  start: number
}

export interface Projection {
  readonly blocks: readonly ProjectedBlock[]
  /** Length p of a gradient row. */
  readonly length: number
  /** Length d of a projected row: the sum of rank x width. */
  readonly size: number
  /** Gradient rows [count, p] to projected rows [count, d]. */
  apply(rows: Float32Array, count: number): Promise<Float32Array>
}

/** The blocks of a projected row. A tensor's name says which of its sides is the rank. */
export const projectedBlocks = (
  layout: readonly GradientPart[],
  width: number | null = defaultWidth,
): ProjectedBlock[] => {
  let start = 0
  return layout.map(({ name, offset, shape: [high, across] }) => {
    const wideFirst = name.includes('.lora_B.')
    const [rank, wide] = wideFirst ? [across, high] : [high, across]
    const block = { offset, rank, wide, wideFirst, width: Math.min(wide, width ?? wide), start }
    start += rank * block.width
    return block
  })
}

/**
 * Projects the wide side of every LoRA gradient by a matrix of random signs over sqrt(k) (Achlioptas 2003), as LoGRA does with the sides
 * of a gradient (Choe et al. 2024); the rank side stays whole. A dot product of rows is kept in the mean, with a standard
 * error of about |a| |b| / sqrt(k) for each pair of rank rows. The signs are drawn again for every call: 2.4 million for the
 * shipped base, some milliseconds, where keeping them would take 9.6 MB, and 800 MB for a base of 7 billion parameters.
 * @param width null keeps tensors whole
 * @param seed the same seed and layout give the same projection
 */
export const randomProjection = (
  layout: readonly GradientPart[],
  multiply: Multiply,
  { width = defaultWidth, seed = 1 }: { width?: number | null; seed?: number } = {},
): Projection => {
  const blocks = projectedBlocks(layout, width)
  const length = layout.reduce((sum, { shape }) => sum + shape[0] * shape[1], 0)
  const size = blocks.reduce((sum, block) => sum + block.rank * block.width, 0)
  const projected = blocks.filter(block => block.width < block.wide)
  const matrix = shared(Math.max(0, ...projected.map(block => block.width * block.wide)))
  let gathered = shared(0)
  return {
    blocks,
    length,
    size,
    async apply(rows, count) {
      const out = new Float32Array(count * size)
      const most = count * Math.max(...blocks.map(block => block.rank * block.wide))
      if (gathered.length < most) gathered = shared(most)
      // One stream for all tensors: two streams of one generator could overlap.
      const random = uniform(seed)
      for (const block of blocks) {
        const { rank, wide, start } = block
        const sides = gathered.subarray(0, count * rank * wide)
        gather(rows, count, length, block, sides)
        let z: Float32Array = sides
        if (block.width < wide) {
          const signs = matrix.subarray(0, block.width * wide)
          drawSigns(random, signs, 1 / Math.sqrt(block.width))
          z = await multiply(sides, signs, wide)
        }
        const span = rank * block.width
        for (let row = 0; row < count; row++)
          out.set(z.subarray(row * span, (row + 1) * span), row * size + start)
      }
      return out
    },
  }
}

/** Copies one tensor of all rows into [count, rank, wide]. */
const gather = (
  rows: Float32Array,
  count: number,
  length: number,
  { offset, rank, wide, wideFirst }: ProjectedBlock,
  into: Float32Array,
): void => {
  for (let row = 0; row < count; row++) {
    const from = row * length + offset
    const to = row * rank * wide
    if (!wideFirst) into.set(rows.subarray(from, from + rank * wide), to)
    else
      for (let w = 0; w < wide; w++)
        for (let r = 0; r < rank; r++) into[to + r * wide + w] = rows[from + w * rank + r]!
  }
}

/** Fills with +value and -value, 32 of one draw: a draw is a multiple of 2^-32. */
const drawSigns = (random: () => number, into: Float32Array, value: number): void => {
  let bits = 0
  for (let i = 0; i < into.length; i++) {
    bits = i % 32 === 0 ? (random() * 2 ** 32) >>> 0 : bits >>> 1
    into[i] = bits & 1 ? value : -value
  }
}

/** Shared memory reaches the engine's thread without a copy. */
const shared = (length: number): Float32Array => new Float32Array(new SharedArrayBuffer(length * 4))
