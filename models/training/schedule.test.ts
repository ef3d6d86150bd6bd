import fc from 'fast-check'
import { expect, test } from 'vitest'
import { groupsWithin, learningRate, stepOrder } from './schedule.ts'

const lengths = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 200 })

test('every epoch visits every example once, in an order that follows from the seed', () => {
  fc.assert(
    fc.property(lengths, fc.integer({ min: 1, max: 32 }), fc.integer(), (own, batch, seed) => {
      const steps = stepOrder(own.length, { batch, epochs: 2, seed })
      expect(stepOrder(own.length, { batch, epochs: 2, seed })).toEqual(steps)
      const visits = steps.flat()
      const once = [...own.keys()]
      expect(visits.slice(0, own.length).toSorted((a, b) => a - b)).toEqual(once)
      expect(visits.slice(own.length).toSorted((a, b) => a - b)).toEqual(once)
      expect(Math.max(...steps.map(step => step.length))).toBeLessThanOrEqual(batch)
    }),
  )
})

test('groups keep the order and stay within their places, unless one example alone exceeds them', () => {
  fc.assert(
    fc.property(lengths, fc.integer({ min: 1, max: 2000 }), (own, places) => {
      const order = [...own.keys()]
      const groups = groupsWithin(order, own, places)
      expect(groups.flat()).toEqual(order)
      for (const group of groups) {
        const longest = Math.max(...group.map(index => own[index]!))
        expect(group.length === 1 || longest * group.length <= places).toBe(true)
      }
    }),
  )
})

test('the learning rate rises to its peak and falls to zero', () => {
  const rates = Array.from({ length: 100 }, (_, step) => learningRate(step, 100, 2))
  const peak = rates.indexOf(Math.max(...rates))
  expect(rates[peak]).toBe(2)
  expect(rates.slice(0, peak + 1)).toEqual(rates.slice(0, peak + 1).toSorted((a, b) => a - b))
  expect(rates.slice(peak)).toEqual(rates.slice(peak).toSorted((a, b) => b - a))
  expect(rates[99]).toBeLessThan(0.01)
  expect(rates[99]).toBeGreaterThan(0)
})
