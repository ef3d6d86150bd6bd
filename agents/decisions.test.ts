import { describe, expect, it } from 'vitest'
import type { RowFinding } from '../tools/check.ts'
import { decide, mayFreeze } from './curator.ts'
import { chooseRecipe } from './trainer.ts'
import { mayClose } from './treasurer.ts'

const finding = (
  id: string,
  check: RowFinding['check'],
  verdict: RowFinding['verdict'],
  more: Partial<RowFinding> = {},
): RowFinding => ({
  id,
  check,
  verdict,
  message: `${check} says ${verdict}`,
  fix: verdict === 'pass' ? null : 'mend it',
  first: null,
  cluster: null,
  ...more,
})

describe('the curator', () => {
  it('accepts a row that every check passes, with its cluster', () => {
    expect(
      decide([finding('a', 'length', 'pass'), finding('a', 'duplicate', 'pass', { cluster: 'a' })]),
    ).toEqual([
      { id: 'a', verdict: 'accepted', reason: null, message: null, fix: null, firstId: null, clusterId: 'a' },
    ])
  })

  it('gives the first refusal by precedence as the reason, whatever the order the checks ended in', () => {
    const [row] = decide([
      finding('a', 'duplicate', 'refuse', { first: 'z' }),
      finding('a', 'licence', 'refuse'),
      finding('a', 'schema', 'pass'),
    ])
    expect(row).toMatchObject({ verdict: 'refused', reason: 'licence' })
  })

  it('lets a refusal outweigh a doubt, and a doubt outweigh a pass', () => {
    const found = [
      finding('a', 'toxicity', 'review'),
      finding('a', 'duplicate', 'refuse', { first: 'z' }),
      finding('b', 'relevance', 'review'),
    ]
    expect(decide(found)).toMatchObject([
      { verdict: 'refused', reason: 'duplicate', firstId: 'z' },
      { verdict: 'review', reason: 'relevance' },
    ])
  })

  it('freezes only a closed gathering with every row decided and a final vote', () => {
    const ready = { gatheringClosed: true, undecided: 0, pollFinal: true }
    const view = {
      proposalId: 'p',
      state: 'gathering' as const,
      pollClosed: true,
      ended: false,
      accepted: 10,
      snapshotId: null,
      runId: null,
      runState: null,
    }
    expect(mayFreeze({ ...view, ...ready })).toBe(true)
    expect(mayFreeze({ ...view, ...ready, undecided: 1 })).toBe(false)
    expect(mayFreeze({ ...view, ...ready, gatheringClosed: false })).toBe(false)
    expect(mayFreeze({ ...view, ...ready, pollFinal: false })).toBe(false)
  })
})

describe('the trainer', () => {
  it('tunes a small datanet in smaller batches and for longer', () => {
    const [small, large] = [chooseRecipe(480), chooseRecipe(974)]
    expect(small.batch).toBeLessThan(large.batch)
    expect(small.epochs).toBeGreaterThan(large.epochs)
    expect(small.targets).toEqual(large.targets)
  })
})

describe('the treasurer', () => {
  it('closes an epoch that lasted its time and earned something', () => {
    expect(mayClose({ earlierActive: true, age: 3600, incomeUnits: '1000000' })).toBe(true)
    expect(mayClose({ earlierActive: true, age: 3599, incomeUnits: '1000000' })).toBe(false)
    expect(mayClose({ earlierActive: true, age: 3600, incomeUnits: '0' })).toBe(false)
    expect(mayClose({ earlierActive: false, age: 9999, incomeUnits: '1000000' })).toBe(false)
  })
})
