/** Indices of two answers to one question, of which the first is preferred. */
export interface Pair {
  chosen: number
  rejected: number
}

/**
 * Direct preference optimisation (Rafailov et al. 2023): the mean of -log sigmoid(beta ((r_c - p_c) - (r_r - p_r))) over pairs,
 * p and r being the answers' nats under the policy and the reference. Also its derivative by each answer's policy nats: fed
 * as the weights of the answer's tokens, the step graph returns the gradient of this loss.
 */
export function preferenceLoss(
  policy: readonly number[],
  reference: readonly number[],
  pairs: readonly Pair[],
  beta: number,
): { loss: number; weights: number[] } {
  const weights = policy.map(() => 0)
  const gain = (index: number): number => reference[index]! - policy[index]!
  let loss = 0
  for (const { chosen, rejected } of pairs) {
    const margin = beta * (gain(chosen) - gain(rejected))
    loss += (Math.max(0, -margin) + Math.log1p(Math.exp(-Math.abs(margin)))) / pairs.length
    const slope = beta / (1 + Math.exp(margin)) / pairs.length
    weights[chosen]! += slope
    weights[rejected]! -= slope
  }
  return { loss, weights }
}
