/** Inverse [d, d] of a lower triangular factor; d^3 / 6 products. */
export const invertLower = (factor: Float64Array, order: number): Float32Array => {
  const inverse = new Float32Array(order * order)
  const column = new Float64Array(order)
  for (let j = 0; j < order; j++)
    for (let i = j; i < order; i++) {
      let sum = i === j ? 1 : 0
      for (let k = j; k < i; k++) sum -= factor[i * order + k]! * column[k]!
      column[i] = sum / factor[i * order + i]!
      inverse[i * order + j] = column[i]!
    }
  return inverse
}

/** [high, across] to [across, high], in memory that reaches the engine's thread without a copy. */
export const transposed = (matrix: Float32Array, high: number, across: number): Float32Array => {
  const out = new Float32Array(new SharedArrayBuffer(4 * matrix.length))
  for (let i = 0; i < high; i++) for (let j = 0; j < across; j++) out[j * high + i] = matrix[i * across + j]!
  return out
}
