import { runInNewContext } from 'node:vm'
import type { LoraShape } from './adapter-config.ts'

/** A linear layer that an adapter changes by `scale` times b a. */
export interface AdaptedModule {
  path: string
  rank: number
  scale: number
}

/** Characters of an expression, and milliseconds for all of an adapter's: others write them, and one can run for years. */
const expressionLimit = 1000
const matchLimit = 1000

/** Largest rank that is accepted. */
const maxRank = 256

/**
 * The linear layers among `paths` that a shape adapts, in their order, by PEFT's rules: excluded names go first; a target is
 * a whole path or the end of one after a dot; `layers` narrows ends of paths but not whole paths; rank and alpha come from
 * the first expression that fits the end of the path. Also every reason why the shape is not possible.
 */
export function adaptedModules(
  paths: readonly string[],
  shape: LoraShape,
): { modules: AdaptedModule[]; reasons: string[] } {
  const { targets, excluded = [], layers } = shape
  const reasons = new Set<string>()
  const expressions = new Set([
    ...(isExpression(targets) ? [whole(targets)] : []),
    ...(isExpression(excluded) ? [whole(excluded)] : []),
    ...[...Object.keys(shape.ranks ?? {}), ...Object.keys(shape.alphas ?? {})].map(ending),
  ])
  const fits = matches([...expressions], paths, reasons)
  const inList = (list: readonly string[] | string, path: string): boolean =>
    isExpression(list)
      ? fits(whole(list), path)
      : typeof list !== 'string' && list.some(name => ends(path, name))
  const inLayers = (path: string): boolean => !layers || layers.includes(Number(path.split('.')[2]))
  const isTarget = (path: string): boolean => {
    if (typeof targets === 'string') return !isExpression(targets) || inList(targets, path)
    return targets.includes(path) || (inList(targets, path) && inLayers(path))
  }
  const pick = (values: Readonly<Record<string, number>> = {}, path: string): number | undefined =>
    Object.entries(values).find(([key]) => fits(ending(key), path))?.[1]
  const modules = paths
    .filter(path => !inList(excluded, path) && isTarget(path))
    .map(path => {
      const rank = pick(shape.ranks, path) ?? shape.rank
      const alpha = pick(shape.alphas, path) ?? shape.alpha
      if (!(Number.isInteger(rank) && rank > 0 && rank <= maxRank))
        reasons.add(`the rank ${rank} is not from 1 to ${maxRank}`)
      if (!(alpha > 0 && Number.isFinite(alpha))) reasons.add(`the alpha ${alpha} is not positive`)
      return { path, rank, scale: alpha / (shape.rankStabilised ? Math.sqrt(rank) : rank) }
    })
  const unknown =
    typeof targets === 'string' ? [] : targets.filter(name => !paths.some(path => ends(path, name)))
  const outside = unknown.filter(name => !shape.passOver || /(^|\.)(lm_head|embed_tokens)$/.test(name))
  if (outside.length > 0) reasons.add(`${outside.join(', ')} names no linear layer of a decoder block`)
  else if (modules.length === 0 && reasons.size === 0)
    reasons.add(`${[targets].flat().join(', ') || 'an empty list'} names no linear layer of this base`)
  return { modules, reasons: [...reasons] }
}

const ends = (path: string, name: string): boolean => path === name || path.endsWith(`.${name}`)
const isExpression = (list: readonly string[] | string): list is string =>
  typeof list === 'string' && list.toLowerCase() !== 'all-linear'
const whole = (expression: string): string => `^(?:${expression})$`
const ending = (expression: string): string => `^(?:.*\\.)?(?:${expression})$`

/** Python's spelling of named groups and of both ends, which differs from JavaScript's. */
const translate = (expression: string): string =>
  expression
    .replaceAll('(?P<', '(?<')
    .replaceAll(/\(\?P=(\w+)\)/g, '\\k<$1>')
    .replaceAll(/(?<!\\)((?:\\\\)*)\\A/g, '$1^')
    .replaceAll(/(?<!\\)((?:\\\\)*)\\Z/g, '$1$')

/** Whether an expression fits a path; all are tried at once under one time limit. */
function matches(
  expressions: readonly string[],
  paths: readonly string[],
  reasons: Set<string>,
): (expression: string, path: string) => boolean {
  const found = new Map<string, ReadonlySet<string>>()
  const usable = expressions.filter(expression => {
    const reason = unreadable(expression)
    if (reason) reasons.add(reason)
    return !reason
  })
  if (usable.length > 0) {
    try {
      const hits: unknown = runInNewContext(
        'sources.map(source => { const e = new RegExp(source); return paths.map(path => e.test(path)) })',
        { sources: usable.map(translate), paths },
        { timeout: matchLimit },
      )
      const table = hits as readonly (readonly boolean[])[]
      for (const [i, expression] of usable.entries())
        found.set(expression, new Set(paths.filter((_, at) => table[i]?.[at])))
    } catch {
      reasons.add(`its expressions take over ${matchLimit / 1000} s to match`)
    }
  }
  return (expression, path) => found.get(expression)?.has(path) ?? false
}

function unreadable(expression: string): string | null {
  if (expression.length > expressionLimit) return `an expression is longer than ${expressionLimit} characters`
  try {
    new RegExp(translate(expression))
    return null
  } catch {
    return `${expression} is not an expression that can be read`
  }
}
