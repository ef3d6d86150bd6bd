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

/** The row's licence is an SPDX expression that the datanet's allow-list satisfies; unknown and missing licences are refused. */
export const licence: Check = (row, policy) => {
  const takes = policy.licences.join(', ')
  const fix = `Share the row under one of ${takes}, if the rights are yours, or leave it out.`
  let expression: Expression
  try {
    expression = parse(row.licence.trim())
  } catch {
    return refuse('licence', `"${row.licence.trim().slice(0, 40)}" is not a licence that SPDX knows.`, fix)
  }
  return allowed(expression, new Set(policy.licences))
    ? pass('licence', `This datanet takes ${row.licence.trim()}.`)
    : refuse('licence', `This datanet does not take rows under ${row.licence.trim().slice(0, 60)}.`, fix)
}
