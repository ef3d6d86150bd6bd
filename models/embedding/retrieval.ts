/** How well the text that belongs to another one is found by the nearness of their embeddings; shares are 0..1. */
export interface Retrieval {
  queries: number
  candidates: number
  /** Share of queries whose own candidate is the nearest. */
  accuracy: number
  /** Share of queries with their own candidate among the ten nearest. */
  recallAt10: number
  /** Mean of 1 / place of a query's own candidate. */
  reciprocalRank: number
}

/**
 * Ranks candidates by cosine for each query; `own[i]` is the place of query i's candidate. Candidates that are the same
 * text word for word are one: none of them stands before another. Ties go against the query. Vectors have length 1.
 */
export function retrieval(
  queries: readonly Float32Array[],
  candidates: readonly Float32Array[],
  own: readonly number[],
  texts: readonly string[],
): Retrieval {
  const ranks = queries.map((query, i) => {
    const wanted = own[i]!
    const least = cosine(query, candidates[wanted]!)
    let rank = 1
    for (const [at, candidate] of candidates.entries())
      if (at !== wanted && texts[at] !== texts[wanted] && cosine(query, candidate) >= least) rank++
    return rank
  })
  const share = (counts: (rank: number) => number): number =>
    ranks.reduce((sum, rank) => sum + counts(rank), 0) / ranks.length
  return {
    queries: queries.length,
    candidates: candidates.length,
    accuracy: share(rank => Number(rank === 1)),
    recallAt10: share(rank => Number(rank <= 10)),
    reciprocalRank: share(rank => 1 / rank),
  }
}

export function cosine(a: Float32Array, b: Float32Array): number {
  let sum = 0
  for (let d = 0; d < a.length; d++) sum += a[d]! * b[d]!
  return sum
}

/** Vectors less their common mean, of length 1 again. */
export function centred(vectors: readonly Float32Array[], mean: Float32Array): Float32Array[] {
  return vectors.map(vector => normalised(vector.map((value, d) => value - mean[d]!)))
}

export function meanOf(vectors: readonly Float32Array[]): Float32Array {
  const mean = new Float32Array(vectors[0]?.length ?? 0)
  for (const vector of vectors) for (let d = 0; d < mean.length; d++) mean[d]! += vector[d]! / vectors.length
  return mean
}

export function normalised(vector: Float32Array): Float32Array {
  const length = Math.sqrt(cosine(vector, vector)) || 1
  return vector.map(value => value / length)
}
