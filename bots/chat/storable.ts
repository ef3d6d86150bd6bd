/** The same without what Postgres cannot keep in JSON: NUL, and halves of pairs. */
export const storable = <T>(value: T): T => {
  if (typeof value === 'string') return value.replaceAll('\u0000', '').toWellFormed() as T
  if (Array.isArray(value)) return value.map(storable) as T
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, storable(each)])) as T
}
