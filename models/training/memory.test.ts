import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { readConfig } from '../architectures/read-config.ts'
import { loraLayout } from '../lora.ts'
import type { TokenExample } from '../packing.ts'
import { lossBytes, placesFor, sizeOf, stepBytes } from './memory.ts'
import { defaultRecipe } from './recipe.ts'
import { stepPlaces } from './stepper.ts'

const script = join(import.meta.dirname, 'testing/peak-memory.ts')
const config = await readConfig(join(import.meta.dirname, '../base/tributary-8m'))
const model = { config, baseBytes: 32e6 }
const layout = loraLayout(config, defaultRecipe)
const exampleOf = (tokens: number): TokenExample => ({
  tokens: Array<number>(tokens).fill(7),
  answerStart: Math.ceil(tokens / 2),
  weight: 1,
})
const batchOf = (count: number, tokens: number) => Array.from({ length: count }, () => exampleOf(tokens))
const mebibytes = (count: number): number => count * 2 ** 20

test.each([
  [2, 65],
  [8, 129],
  [16, 129],
])(
  'the estimate covers the peak of a process with batches of %i x %i tokens, by at most a quarter',
  async (count, tokens) => {
    const { stdout } = await promisify(execFile)(process.execPath, [script, `${count}`, `${tokens}`])
    const { peak, estimate }: Record<string, number> = JSON.parse(stdout)
    expect(estimate! / peak!).toBeGreaterThan(1)
    expect(estimate! / peak!).toBeLessThan(1.25)
  },
)

test('more of anything needs more memory', () => {
  const size = { examples: 4, rows: 400, longest: 120, answers: 200 }
  const bytes = stepBytes(model, layout, size)
  for (const name of ['examples', 'rows', 'longest', 'answers'] as const)
    expect(stepBytes(model, layout, { ...size, [name]: size[name] * 2 })).toBeGreaterThan(bytes)
  const wide = loraLayout(config, { ...defaultRecipe, rank: 64 })
  expect(stepBytes(model, wide, size)).toBeGreaterThan(bytes)
})

test('groups are made smaller until every one fits, by halves', () => {
  const batches = [batchOf(16, 257), batchOf(16, 65)]
  expect(placesFor(model, layout, batches)).toBe(stepPlaces)
  const half = stepBytes(model, layout, sizeOf(batchOf(8, 257)))
  expect(placesFor(model, layout, batches, half)).toBe(stepPlaces / 2)
  expect(placesFor(model, layout, batches, half - 1)).toBe(stepPlaces / 4)
})

test('what is held besides counts', () => {
  const batches = [batchOf(16, 257)]
  const whole = stepBytes(model, layout, sizeOf(batches[0]!))
  const besides = lossBytes(model, batches[0]!)
  expect(besides).toBeGreaterThan(0)
  expect(placesFor(model, layout, batches, whole)).toBe(stepPlaces)
  expect(placesFor(model, layout, batches, whole, besides)).toBe(stepPlaces / 2)
  expect(lossBytes(model, [])).toBe(0)
})

test('one example that does not fit is refused with what is needed, what is allowed and what would fit', () => {
  const allowed = stepBytes(model, layout, { examples: 1, rows: 99, longest: 99, answers: 99 })
  const refused = () => placesFor(model, layout, [batchOf(4, 65), batchOf(2, 400)], allowed)
  const maxTokens = 100
  expect(refused).toThrow(
    expect.objectContaining({
      code: 'memory-exceeded',
      message: expect.stringMatching(
        /400 tokens needs about \d+ MiB.*\d+ MiB are allowed; maxTokens 100 would fit/,
      ),
      facts: expect.objectContaining({ tokens: 400, maxTokens }),
    }),
  )
  expect(placesFor(model, layout, [batchOf(2, maxTokens)], allowed)).toBeLessThanOrEqual(stepPlaces)
  expect(() => placesFor(model, layout, [batchOf(2, 400)], mebibytes(50))).toThrow('no example would fit')
})
