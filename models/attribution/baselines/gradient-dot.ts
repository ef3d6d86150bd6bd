import type { Method } from '../judge/method.ts'
import { dotProducts, type GradientParts, withGradients } from './gradient-panels.ts'

/** Dot product of the gradients of question and row, both of summed nats: influence where the curvature is the identity. */
export const gradientDot = (parts: GradientParts): Method => ({
  name: 'gradient dot',
  source: 'Charpiat et al. 2019',
  scores: asked =>
    withGradients(parts, parts.adapter, asked, (rows, questions) =>
      dotProducts(questions, rows, parts.engine.matmulTransposed),
    ),
})
