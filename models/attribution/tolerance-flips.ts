import { deviations } from './tolerance.ts'

/**
 * Bound of a sum of independent centred terms with so much variance, none larger than `most`, that is passed no more often than a
 * normal law passes `deviations` (Bennett 1962). With V / B^2 = r it is the t with r h(t B / V) = z^2 / 2, h(x) = (1 + x) ln(1 + x) - x:
 * z sqrt(V) where many terms make it up, a few times the largest term where they are rare.
 */
export const flipBound = (variance: number, most: number): number => {
  if (!(variance > 0)) return 0
  const normal = deviations * Math.sqrt(variance)
  if (!(most > 0)) return normal
  const ratio = variance / most ** 2
  const wanted = deviations ** 2 / 2 / ratio
  // h grows, is at most x^2 / 2, and above Bernstein's x^2 / (2 + 2 x / 3).
  let low = Math.sqrt(2 * wanted)
  let high = low + (2 * wanted) / 3
  for (let i = 0; i < 60; i++) {
    const x = (low + high) / 2
    if ((1 + x) * Math.log1p(x) - x < wanted) low = x
    else high = x
  }
  return Math.max(normal, most * ratio * high)
}
