import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Engine, type Example, openEngine } from '../engine.ts'
import { buildIndex, formFor, openIndex } from './index.ts'

const golden = (name: string) => new URL(`../golden/llama-tied/${name}`, import.meta.url).pathname
const examples: Example[] = ['wax', 'honey', 'brood', 'smoke', 'pollen', 'swarms'].map(word => ({
  prompt: `What is ${word}?`,
  answer: `The ${word} of bees.`,
}))

let scratch: string
let engine: Engine
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'form-'))
  engine = await openEngine({ base: golden('base') })
})
afterAll(async () => {
  await engine?.close()
  await rm(scratch, { recursive: true, force: true })
})

describe('the form of influence', () => {
  it('keeps gradients whole up to 64 MiB of them', () => {
    expect(formFor(224, 299_008)).toBe('exact')
    expect(formFor(225, 299_008)).toBe('projected')
  })

  it('can be forced, and the other one replaces it', async () => {
    const folder = join(scratch, 'index')
    const found: number[][] = []
    for (const form of ['projected', 'exact', 'projected'] as const) {
      await buildIndex(engine, golden('adapter'), examples, folder, { form })
      const index = await openIndex(engine, golden('adapter'), examples, folder)
      const { influence, nats } = await index.attribute(examples[2]!)
      expect(influence.indexOf(Math.max(...influence))).toBe(2)
      expect(nats.adapter).toBeGreaterThan(0)
      found.push([...influence])
      await index.close()
    }
    expect(found[0]).toEqual(found[2])
    expect(found[0]).not.toEqual(found[1])
  })
})
