import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { runGoldenCase } from './golden/suite.ts'

const golden = join(import.meta.dirname, 'golden')
const cases = readdirSync(golden, { withFileTypes: true }).flatMap(entry =>
  entry.isDirectory() ? [entry.name] : [],
)
const shipped = ['llama-tied', 'llama-untied-qv', 'qwen2', 'qwen3']

describe.each(cases)('%s', name => {
  test('every group of tensors is there and within its bar', async () => {
    const results = await runGoldenCase(join(golden, name))
    expect(results.filter(({ passed }) => !passed)).toEqual([])
    expect(results.map(({ group }) => group)).toHaveLength(shipped.includes(name) ? 16 : 17)
  })
})
