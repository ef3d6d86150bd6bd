import type { Verb } from '../../registry.ts'
import { isPaged } from './served.ts'

/** The `Link` header (RFC 8288) to the page after this one; undefined on the last page, and where there are no pages. */
export const nextPage = (url: string, verb: Verb, output: unknown): string | undefined => {
  if (!isPaged(verb) || typeof output !== 'object' || output === null) return undefined
  const next: unknown = Reflect.get(output, 'next')
  if (typeof next !== 'number' && typeof next !== 'string') return undefined
  const { pathname, searchParams } = new URL(url)
  searchParams.set('before', String(next))
  return `<${pathname}?${searchParams}>; rel="next"`
}
