import { expect, it } from 'vitest'
import { Recent } from './recent.ts'

it('a map of what was set recently forgets what was not set for longest', () => {
  const recent = new Recent<string, number>(2)
  recent.set('a', 1).set('b', 2).set('a', 3).set('c', 4)
  expect([...recent]).toEqual([
    ['a', 3],
    ['c', 4],
  ])
})
