import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isFault } from '../../../infra/errors.ts'
import type { Verb } from '../../registry.ts'
import { verbs } from '../../verbs.ts'
import { checkInput } from '../rest/input.ts'
import { nearFor, validFor } from '../testing/from-schema.ts'
import { exampleInput } from './examples.ts'
import { inputSchema, outputSchema } from './schema.ts'

const ajv = new Ajv2020({ strict: true, strictTypes: false, strictRequired: false, allErrors: false })
addFormats.default(ajv)

const takes = (verb: Verb, input: unknown): boolean => {
  try {
    checkInput(verb, input)
    return true
  } catch (error) {
    if (isFault(error, 'input-invalid')) return false
    throw error
  }
}

/** What JSON can carry of a value: what is tested is what arrives. */
const sent = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

// What no schema says: that parts add up, and that a text can be stored. Lengths are counted in UTF-16 there, in
// characters here; they differ at the limit only.
const beyondSchemas = (verb: Verb, input: unknown): boolean => {
  const text = JSON.stringify(input)
  if (/\\u0000|\\ud[89a-f]/i.test(text) || /\p{Surrogate}|[\u{10000}-\u{10ffff}]/u.test(text)) return true
  return verb.name === 'propose' && typeof input === 'object' && input !== null && 'split' in input
}

describe('the schemas of the document', () => {
  it.each(verbs.map(verb => [verb.name, verb] as const))('of "%s" say exactly what is taken', (_, verb) => {
    const check = ajv.compile(inputSchema(verb))
    expect(() => ajv.compile(outputSchema(verb))).not.toThrow()
    expect(check(exampleInput(verb)), JSON.stringify(check.errors)).toBe(true)
    const agrees = (value: unknown): void => {
      const input = sent(value)
      const told = check(input) as boolean
      const taken = takes(verb, input)
      if (told && !taken && beyondSchemas(verb, input)) return
      expect(taken, JSON.stringify([input, check.errors])).toBe(told)
    }
    const schema = inputSchema(verb)
    fc.assert(fc.property(validFor(schema), agrees), { seed: 7, numRuns: 40 })
    fc.assert(fc.property(nearFor(schema), agrees), { seed: 8, numRuns: 60 })
  })
})
