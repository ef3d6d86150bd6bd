/** Suffixes of a block, and blocks of a block of blocks: one file page of suffixes holds many, and two levels few bytes. */
const fan = 256

/**
 * Least positions of blocks of 256 suffixes, then of 256 of those blocks, and so on until fewer than 256 are left, one level
 * after the other: 0.016 bytes a token.
 */
export const minimaOf = (suffixes: Uint32Array): Uint32Array => {
  const levels = levelsOf(suffixes.length)
  const minima = new Uint32Array(levels.reduce((sum, { length }) => sum + length, 0))
  let below = suffixes
  for (const { from, length } of levels) {
    const level = minima.subarray(from, from + length).fill(2 ** 32 - 1)
    for (let i = 0; i < below.length; i++) {
      const block = (i / fan) | 0
      if (below[i]! < level[block]!) level[block] = below[i]!
    }
    below = level
  }
  return minima
}

const levelsOf = (length: number): { from: number; length: number }[] => {
  const levels: { from: number; length: number }[] = []
  for (let from = 0, below = length; below >= fan; ) {
    const blocks = Math.ceil(below / fan)
    levels.push({ from, length: blocks })
    from += blocks
    below = blocks
  }
  return levels
}

/**
 * The least position among the suffixes [low, high), or null where none counts. At most 512 reads a level, some 1,500 for 6e7
 * tokens, and as many blocks again as hold an earlier position that does not count.
 * @param counts whether a position may be returned; default all
 */
export const earliestPosition = (
  {
    suffixes,
    minima,
  }: { suffixes: { length: number; at(i: number): number | undefined }; minima?: Uint32Array },
  low: number,
  high: number,
  counts: (position: number) => boolean = () => true,
): number | null => {
  const levels = minima === undefined ? [] : levelsOf(suffixes.length)
  let best = Number.POSITIVE_INFINITY
  /** Looks at entry i of a level; -1 is the suffixes themselves. A block whose least position does not count is opened. */
  const visit = (level: number, i: number): void => {
    const position = level < 0 ? suffixes.at(i)! : minima![levels[level]!.from + i]!
    if (position >= best) return
    if (counts(position)) best = position
    else if (level >= 0) {
      const end = Math.min((i + 1) * fan, level === 0 ? suffixes.length : levels[level - 1]!.length)
      for (let child = i * fan; child < end; child++) visit(level - 1, child)
    }
  }
  /** Covers entries [from, to) of a level by whole blocks of the level above and what is left on both sides. */
  const cover = (level: number, from: number, to: number): void => {
    const first = Math.ceil(from / fan)
    const last = Math.floor(to / fan)
    const above = level + 1 < levels.length && first < last
    if (above) cover(level + 1, first, last)
    for (let i = from; i < (above ? first * fan : to); i++) visit(level, i)
    if (above) for (let i = last * fan; i < to; i++) visit(level, i)
  }
  cover(-1, low, high)
  return best === Number.POSITIVE_INFINITY ? null : best
}
