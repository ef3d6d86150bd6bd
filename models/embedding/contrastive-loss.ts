/** Texts that belong together, by their embeddings (unit vectors, [dim] each); `document` tells what both are from. */
export interface EmbeddedPair {
  left: Float32Array
  right: Float32Array
  /** Pairs of one document, or of one text, are no negatives of each other. */
  documents: readonly string[]
}

export interface ContrastiveLoss {
  /** Mean over pairs and both directions, nats. */
  loss: number
  /** Gradient of the loss by each pair's embeddings, [dim] each. */
  left: Float32Array[]
  right: Float32Array[]
}

/**
 * Symmetric InfoNCE (van den Oord et al. 2018) with the other pairs of the batch as negatives. With s = l r^T / temperature,
 * P the softmax of each row of s and Q that of each column, over the pairs that are not excluded:
 * loss = -mean(log P[i, i] + log Q[i, i]) / 2;  G = (P + Q - 2 I) / (2 B);  dl = G r / temperature;  dr = G^T l / temperature.
 */
export function contrastiveLoss(pairs: readonly EmbeddedPair[], temperature: number): ContrastiveLoss {
  const count = pairs.length
  const dim = pairs[0]?.left.length ?? 0
  const scores = new Float64Array(count * count)
  for (const [i, { left, documents }] of pairs.entries()) {
    for (const [j, other] of pairs.entries()) {
      const foreign = i === j || !documents.some(document => other.documents.includes(document))
      scores[i * count + j] = foreign ? dot(left, other.right) / temperature : Number.NEGATIVE_INFINITY
    }
  }
  const slope = new Float64Array(count * count)
  let loss = 0
  for (let i = 0; i < count; i++) {
    for (const [start, stride] of [
      [i * count, 1],
      [i, count],
    ] as const) {
      const places = Array.from({ length: count }, (_, j) => start + j * stride)
      const largest = Math.max(...places.map(place => scores[place]!))
      const mass = places.reduce((sum, place) => sum + Math.exp(scores[place]! - largest), 0)
      loss += (largest + Math.log(mass) - scores[i * count + i]!) / (2 * count)
      for (const place of places) slope[place]! += Math.exp(scores[place]! - largest) / mass / (2 * count)
    }
    slope[i * count + i]! -= 1 / count
  }
  const left = pairs.map(() => new Float32Array(dim))
  const right = pairs.map(() => new Float32Array(dim))
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < count; j++) {
      const factor = slope[i * count + j]! / temperature
      if (factor === 0) continue
      accumulate(left[i]!, pairs[j]!.right, factor)
      accumulate(right[j]!, pairs[i]!.left, factor)
    }
  }
  return { loss, left, right }
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0
  for (let d = 0; d < a.length; d++) sum += a[d]! * b[d]!
  return sum
}

function accumulate(to: Float32Array, from: Float32Array, factor: number): void {
  for (let d = 0; d < to.length; d++) to[d]! += factor * from[d]!
}
