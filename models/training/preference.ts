/** Indices of two answers to one question, of which the first is preferred. */
export interface Pair {
  chosen: number
  rejected: number
  /** Factor of the pair's loss; 1 where absent. It does not enter the mean's divisor. */
  weight?: number
}

export interface PreferenceLoss {
  loss: number
  /** d loss / d nats of each answer under the policy. */
  weights: number[]
  /** beta ((r_c - p_c) - (r_r - p_r)) of each pair: how much further than the reference the policy prefers the chosen answer. */
  margins: number[]
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
): PreferenceLoss {
  const weights = policy.map(() => 0)
  const gain = (index: number): number => reference[index]! - policy[index]!
  let loss = 0
  const margins = pairs.map(({ chosen, rejected, weight = 1 }) => {
    const margin = beta * (gain(chosen) - gain(rejected))
    const share = weight / pairs.length
    loss += (Math.max(0, -margin) + Math.log1p(Math.exp(-Math.abs(margin)))) * share
    const slope = (beta / (1 + Math.exp(margin))) * share
    weights[chosen]! += slope
    weights[rejected]! -= slope
    return margin
  })
  return { loss, weights, margins }
}
