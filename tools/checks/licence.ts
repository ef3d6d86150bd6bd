import parse from 'spdx-expression-parse'
import type { Check } from './check.ts'
import { pass, refuse } from './check.ts'

type Expression = ReturnType<typeof parse>

/** True where at least one way of reading the expression uses allowed licences only: OR is a choice, AND binds both. */
function allowed(expression: Expression, licences: ReadonlySet<string>): boolean {
  if ('conjunction' in expression) {
    const left = allowed(expression.left, licences)
    const right = allowed(expression.right, licences)
    return expression.conjunction === 'or' ? left || right : left && right
  }
  // an exception or "or later" may add terms nobody has read, so only the plain identifier counts
  return expression.exception === undefined && expression.plus !== true && licences.has(expression.license)
}

/** "cc by 4.0" and "CC-BY-4.0" differ in nothing but letters that carry no meaning. */
const bare = (licence: string): string => licence.toLowerCase().replace(/[^a-z0-9.]/g, '')

/**
 * The row's licence is an SPDX expression that the datanet's allow-list satisfies. Unknown, missing and misspelt
 * licences are refused: a licence is a statement of rights, so nobody completes it for its author.
 */
export const licence: Check = (row, policy) => {
  const takes = policy.licences.join(', ')
  const fix = `Share the row under one of ${takes}, if the rights are yours, or leave it out.`
  const stated = typeof row.licence === 'string' ? row.licence.trim() : ''
  if (stated === '') return refuse('licence', 'The row names no licence.', fix)
  let expression: Expression
  try {
    expression = parse(stated)
  } catch {
    const meant = policy.licences.find(
      known => bare(known).startsWith(bare(stated)) && bare(stated).length >= 3,
    )
    return refuse(
      'licence',
      `"${stated.slice(0, 40)}" is not a licence that SPDX knows.`,
      meant === undefined ? fix : `Write "${meant}" if that is what you mean.`,
    )
  }
  return allowed(expression, new Set(policy.licences))
    ? pass('licence', `This datanet takes ${stated.slice(0, 60)}.`)
    : refuse('licence', `This datanet does not take rows under ${stated.slice(0, 60)}.`, fix)
}
