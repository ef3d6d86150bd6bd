export interface Sample {
  readonly features: ReadonlySet<string>
  readonly label: string
}

export interface Classified {
  readonly label: string
  /** 0 to 1; all labels together 1. */
  readonly probability: number
}

/** Passes over the examples; the loss on them hardly falls after. */
const passes = 8
/** Weight decay; smaller learns single examples by heart. */
const decay = 1e-3

/**
 * Multinomial logistic regression over sets of named features, fitted by AdaGrad (Duchi et al. 2011) in a fixed order: the
 * same samples give the same classifier. A feature that no sample has is left out of account.
 */
export const fitClassifier = (
  samples: readonly Sample[],
): ((features: ReadonlySet<string>) => Classified[]) => {
  const labels = [...new Set(samples.map(({ label }) => label))]
  const places = new Map<string, number>()
  const placed = samples.map(({ features, label }) => ({
    at: [...features].map(feature => {
      const known = places.get(feature)
      if (known !== undefined) return known
      places.set(feature, places.size)
      return places.size - 1
    }),
    label: labels.indexOf(label),
  }))
  const weights = new Float64Array(places.size * labels.length)
  const seen = new Float64Array(weights.length).fill(1e-2)
  const predict = (at: readonly number[]): Float64Array => {
    const scores = new Float64Array(labels.length)
    // A long line has more features than a short one: without the root its probabilities would all be 0 or 1.
    const scale = 1 / Math.sqrt(at.length + 1)
    for (const place of at)
      for (let label = 0; label < labels.length; label++)
        scores[label]! += scale * weights[place * labels.length + label]!
    const most = Math.max(...scores)
    let sum = 0
    for (let label = 0; label < labels.length; label++) sum += scores[label] = Math.exp(scores[label]! - most)
    return scores.map(score => score / sum)
  }
  for (let pass = 0; pass < passes; pass++)
    for (let turn = 0; turn < placed.length; turn++) {
      // 7919 is a prime: every sample once a pass, not class by class.
      const { at, label: wanted } = placed[(turn * 7919 + pass) % placed.length]!
      const probabilities = predict(at)
      const scale = 1 / Math.sqrt(at.length + 1)
      for (let label = 0; label < labels.length; label++) {
        const slope = scale * (probabilities[label]! - (label === wanted ? 1 : 0))
        if (Math.abs(slope) < 4e-3) continue
        for (const place of at) {
          const weight = place * labels.length + label
          const gradient = slope + decay * weights[weight]!
          seen[weight]! += gradient * gradient
          weights[weight]! -= (0.5 * gradient) / Math.sqrt(seen[weight]!)
        }
      }
    }
  return features => {
    const at = [...features].flatMap(feature => places.get(feature) ?? [])
    const probabilities = predict(at)
    return labels
      .map((label, index) => ({ label, probability: probabilities[index]! }))
      .sort((a, b) => b.probability - a.probability)
  }
}
