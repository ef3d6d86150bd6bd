/**
 * Errors of stored rows, by blocks. Every product z . (F + lambda)^-1 z' has two sides alike: of a figure, Y and the a_j; of a
 * question, y and the t_j. What a side does to the errors of the rows is in five sums over its coefficients.
 */
export interface Side {
  /** Norm and largest magnitude of Y or y, per block. */
  readonly norms: Float64Array
  readonly tops: Float64Array
  /** `sumsPerBlock` numbers a block, see `weigh`. */
  readonly sums: Float64Array
}

/** What rounding y_i to int8, and the floats of computing it, add to a figure with coefficients c_i root_i, per block. */
export interface Stored {
  /** sum |c| s, sum c^2 s |dy|, sum c^2 s^2 and max |c| s; s the step of y_i. */
  readonly whole: Float64Array
  readonly flips: Float64Array
  readonly squares: Float64Array
  readonly top: Float64Array
  /** sum |c| r and sum c^2 r^2, r the scale of the floats. */
  readonly floats: Float64Array
  readonly floatSquares: Float64Array
}

export interface Figure extends Side {
  readonly stored: Stored
}

export interface Question extends Side {
  /** Norm and largest magnitude of z, per block. */
  readonly own: Pick<Side, 'norms' | 'tops'>
  /** Whether z is a row of the index, whose errors are in its sums already. */
  readonly isRow: boolean
}

/** What all figures and questions of one block have in common. */
export interface BlockErrors {
  readonly width: number
  readonly lambda: number
  /** Whether the index was solved by rows. */
  readonly byRows: boolean
  /** Relative error of a gradient: for one deviation, and at its bound. */
  readonly one: number
  readonly reach: number
  /** Relative error of lambda: for one deviation, at its bound, and variance and largest term of its flips. */
  readonly damping: {
    readonly one: number
    readonly reach: number
    readonly flips: number
    readonly top: number
  }
  /** Relative error of a sum of the matrix that is factored, and error of a solution for a row's scale 1. */
  readonly summed: number
  readonly solved: number
  /** Largest diagonal element of F, its trace, and the largest norm of a column of all rows. */
  readonly largest: number
  readonly trace: number
  readonly column: number
  /** sum |z|^2, sum s |z|, and sum of the squared worst errors of the rows. */
  readonly spread: { readonly squares: number; readonly flips: number; readonly worst: number }
}

/** With coefficients v: sum |v| |z|, sum v^2 |z|^2, sum v^2 s |z|, max |v| s and sum |v| s, s being the step of a row's int8. */
export const sumsPerBlock = 5

export const emptySide = (count: number): Side => ({
  norms: new Float64Array(count),
  tops: new Float64Array(count),
  sums: new Float64Array(count * sumsPerBlock),
})

export const emptyFigure = (count: number): Figure => ({
  ...emptySide(count),
  stored: {
    whole: new Float64Array(count),
    flips: new Float64Array(count),
    squares: new Float64Array(count),
    top: new Float64Array(count),
    floats: new Float64Array(count),
    floatSquares: new Float64Array(count),
  },
})

export const total = (n: number, at: (i: number) => number): number => {
  let sum = 0
  for (let i = 0; i < n; i++) sum += at(i)
  return sum
}

/** Norm and largest magnitude. */
export const sizeOf = (values: Float32Array | Float64Array): { norm: number; top: number } => {
  let [squares, top] = [0, 0]
  for (const value of values) {
    squares += value * value
    if (Math.abs(value) > top) top = Math.abs(value)
  }
  return { norm: Math.sqrt(squares), top }
}

/**
 * Adds up what coefficients do to the rows of one block.
 * @param norms @param steps |z_j| and s_j of the block's rows
 */
export const weigh = (
  coefficient: (row: number) => number,
  norms: Float64Array,
  steps: Float64Array,
  into: Float64Array,
  block: number,
): void => {
  let [lengths, squares, flips, top, whole] = [0, 0, 0, 0, 0]
  for (let j = 0; j < norms.length; j++) {
    const v = Math.abs(coefficient(j))
    const [long, step] = [v * norms[j]!, v * steps[j]!]
    lengths += long
    squares += long * long
    flips += long * step
    if (step > top) top = step
    whole += step
  }
  into.set([lengths, squares, flips, top, whole], block * sumsPerBlock)
}

/** Adds row i with the coefficient c. @param scale of the floats */
export const addStored = (
  { whole, flips, squares, top, floats, floatSquares }: Stored,
  b: number,
  c: number,
  step: number,
  drift: number,
  scale: number,
): void => {
  const moved = Math.abs(c) * step
  whole[b] = whole[b]! + moved
  flips[b] = flips[b]! + c * c * step * drift
  squares[b] = squares[b]! + moved * moved
  top[b] = Math.max(top[b]!, moved)
  floats[b] = floats[b]! + Math.abs(c) * scale
  floatSquares[b] = floatSquares[b]! + (c * scale) ** 2
}
