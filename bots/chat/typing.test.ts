import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { Incoming } from './platform.ts'
import { openTyping } from './typing.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

const line = (key: string, addressed = true) =>
  ({ key, act: { kind: 'line', line: 'What is a nuc?', addressed } }) as unknown as Incoming

const openShown = () => {
  const shown: string[] = []
  const typing = openTyping({
    typing: async ({ key }) => {
      shown.push(key)
    },
  })
  return { shown, typing }
}

it('is shown once where an answer takes longer than a moment, and not where it does not', async () => {
  const { shown, typing } = openShown()
  typing.heard(line('slow'))
  typing.heard(line('quick'))
  typing.answered('quick')
  await vi.advanceTimersByTimeAsync(1000)
  expect(shown).toEqual(['slow'])
})

it('is not shown for what was said to others, nor once the desk stops', async () => {
  const { shown, typing } = openShown()
  typing.heard(line('others', false))
  typing.heard(line('late'))
  typing.clear()
  await vi.advanceTimersByTimeAsync(1000)
  expect(shown).toEqual([])
})

it('is left out in a flood, and comes back after it', async () => {
  const { shown, typing } = openShown()
  for (let i = 0; i < 100; i++) typing.heard(line(`${i}`))
  await vi.advanceTimersByTimeAsync(1000)
  expect(shown).toHaveLength(32)
  typing.heard(line('after'))
  await vi.advanceTimersByTimeAsync(1000)
  expect(shown.at(-1)).toBe('after')
})
