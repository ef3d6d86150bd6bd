import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { isFault } from '../../infra/errors.ts'
import { sampler, uniform } from '../sampling.ts'
import { openTokenizer, type Tokenizer } from '../tokenizer.ts'
import { type ConstraintSpec, type Constraints, openConstraints } from './constraint.ts'

let tokenizer: Tokenizer
let constraints: Constraints
/** Wider than the tokenizer, as padded embedding matrices are. */
let size: number
/** Tokens that are a part of a character: the fake model writes none, as real ones write them in order only. */
let partial: boolean[]
beforeAll(async () => {
  tokenizer = await openTokenizer(new URL('../base/tributary-8m', import.meta.url).pathname)
  size = tokenizer.size + 70
  partial = Array.from({ length: size }, (_, token) => tokenizer.decode([token]).includes('\uFFFD'))
  constraints = openConstraints(tokenizer, size)
})
afterAll(() => constraints.close())

const has = (mask: Int32Array, token: number) => ((mask[token >> 5]! >>> (token & 31)) & 1) === 1

/** Writes with a model that knows nothing; past some tokens it takes to what ends texts. */
const write = async (spec: ConstraintSpec, seed: number, limit = 600): Promise<string | null> => {
  const constraint = await constraints.compile(spec)
  const matcher = constraint.start()
  const random = uniform(seed)
  const pick = sampler({ temperature: 1, topP: 1, seed })
  const closing = ['"', '}', ']', '"}', '"]', '}}', ']}', '0'].flatMap(text => tokenizer.encode(text))
  const tokens: number[] = []
  try {
    for (let i = 0; i < limit; i++) {
      if (matcher.done) return tokenizer.decode(tokens)
      const logits = Float32Array.from({ length: size }, (_, token) => (partial[token] ? -99 : 6 * random()))
      logits[tokenizer.eos] = 9
      if (i > 15) for (const token of closing) logits[token] = 20
      const { token } = pick.next(logits, tokens, matcher.mask())
      matcher.accept(token)
      if (token === tokenizer.eos) return tokenizer.decode(tokens)
      tokens.push(token)
    }
    return null
  } finally {
    matcher.close()
    constraint.close()
  }
}

const schemas: Record<string, z.ZodType> = {
  'nested objects': z.strictObject({
    user: z.strictObject({
      name: z.string(),
      address: z.strictObject({ zip: z.string(), city: z.string() }),
    }),
    active: z.boolean(),
  }),
  'optional and nullable fields': z.strictObject({
    a: z.string().optional(),
    b: z.int().optional(),
    c: z.boolean(),
    d: z.null().optional(),
    e: z.union([z.string(), z.null()]),
  }),
  'nothing but optional fields': z.strictObject({ a: z.boolean().optional(), b: z.null().optional() }),
  'bounded arrays': z
    .array(z.array(z.int().min(-120).max(1999)).min(1).max(3))
    .min(2)
    .max(4),
  tuples: z.tuple([z.string(), z.int(), z.boolean()]),
  enums: z.strictObject({ kind: z.enum(['né "é"', 'a\\b\n', '日本']), one: z.literal(1.5) }),
  'bounded strings': z.strictObject({
    code: z.string().min(2).max(6),
    long: z.string().min(50).max(60),
    least: z.string().min(3),
    any: z.string(),
  }),
  'names with quotes': z.strictObject({ 'a "b"\n\\': z.int(), 'é 😀': z.boolean() }),
  numbers: z.strictObject({ p: z.number().min(0).max(1), q: z.number().gt(-3).lt(2), r: z.number() }),
  integers: z.strictObject({ i: z.int().gt(95).lt(1003), j: z.int().max(-7), k: z.int().min(10) }),
  maps: z.record(z.string(), z.int()),
}

describe('text under a JSON Schema', () => {
  for (const [name, schema] of Object.entries(schemas))
    it(`is valid JSON of the schema: ${name}`, async () => {
      const spec: ConstraintSpec = { kind: 'json-schema', schema: z.toJSONSchema(schema) }
      for (let seed = 0; seed < 12; seed++) {
        const text = await write(spec, seed)
        expect(text, `seed ${seed}`).not.toBeNull()
        const { success, error } = schema.safeParse(JSON.parse(text!))
        expect(success, `${text}: ${error?.message}`).toBe(true)
      }
    })

  it('may be recursive', async () => {
    const next = { anyOf: [{ $ref: '#/$defs/node' }, { type: 'null' }] }
    const node = { type: 'object', properties: { next }, required: ['next'] }
    const schema = { $defs: { node }, $ref: '#/$defs/node' }
    for (let seed = 0; seed < 8; seed++)
      expect(JSON.parse((await write({ kind: 'json-schema', schema }, seed))!)).toHaveProperty('next')
  })

  it('may be any object or array where there is no schema', async () => {
    for (let seed = 0; seed < 8; seed++)
      expect(JSON.parse((await write({ kind: 'json' }, seed))!)).toBeInstanceOf(Object)
  })
})

/** Whether a matcher takes the text and its end. */
const takes = async (spec: ConstraintSpec, text: string): Promise<boolean> => {
  const constraint = await constraints.compile(spec)
  const matcher = constraint.start()
  try {
    return [...tokenizer.encode(text), tokenizer.eos].every(token => {
      const allowed = has(matcher.mask(), token)
      if (allowed) matcher.accept(token)
      return allowed
    })
  } finally {
    matcher.close()
    constraint.close()
  }
}

describe('a JSON Schema', () => {
  it('takes exactly the integers between its bounds', async () => {
    const bound = fc.integer({ min: -2000, max: 2000 })
    const range = fc.tuple(bound, bound, fc.array(bound, { minLength: 4, maxLength: 8 }))
    await fc.assert(
      fc.asyncProperty(range, async ([a, b, others]) => {
        const [minimum, maximum] = [Math.min(a, b), Math.max(a, b)]
        const spec: ConstraintSpec = { kind: 'json-schema', schema: { type: 'integer', minimum, maximum } }
        for (const n of [minimum, maximum, minimum - 1, maximum + 1, 0, ...others])
          expect(await takes(spec, String(n)), `${n} in ${minimum}..${maximum}`).toBe(
            n >= minimum && n <= maximum,
          )
      }),
      { numRuns: 25 },
    )
  })

  it('takes what a person would write under it', async () => {
    const schema = {
      type: 'object',
      properties: { name: { type: 'string', maxLength: 10 }, tags: { type: 'array' }, note: true },
    }
    for (const text of [
      '{"name":"Ana"}',
      '{ "name": "Zoë \\n", "tags": [1, {"a": null}], "note": "\\u00e9\\"" }',
      JSON.stringify({ name: '日本', tags: ['x', -1.5e3], note: { deep: [[]] } }, null, 2),
      '{}',
    ])
      expect(await takes({ kind: 'json-schema', schema }, text), text).toBe(true)
    for (const text of [
      '{"name":"Ana"',
      '{"name":"12345678901"}',
      '{"other":1}',
      '{"name":1}',
      '[]',
      '{"name":"\t"}',
    ])
      expect(await takes({ kind: 'json-schema', schema }, text), text).toBe(false)
  })

  it('is refused for what is not honoured, all reasons at once', async () => {
    const refused = async (schema: unknown, ...reasons: string[]) => {
      const error = await constraints.compile({ kind: 'json-schema', schema }).catch(e => e)
      expect(isFault(error, 'constraint-invalid'), JSON.stringify(schema)).toBe(true)
      for (const reason of reasons) expect(error.message).toContain(reason)
    }
    await refused(
      {
        type: 'object',
        properties: { a: { type: 'string', pattern: 'x' }, b: { type: 'integer', multipleOf: 2 } },
        patternProperties: {},
      },
      'pattern, which',
      'multipleOf, which',
      'patternProperties, which',
    )
    await refused({ oneOf: [{ type: 'null' }] }, 'oneOf')
    await refused({ $ref: 'https://example.org/schema.json' }, 'leaves the schema')
    await refused(
      { anyOf: [{ $ref: '#/$defs/no' }, { type: 'null', enum: [1] }] },
      'absent',
      'not of its type',
    )
    await refused({ $ref: '#' }, 'refers to itself alone')
    await refused({ type: 'constructor' }, 'none of JSON')
    await refused({ type: 'object', required: ['a'] }, 'requires "a"')
    await refused(
      { type: 'object', properties: { a: true }, additionalProperties: { type: 'null' } },
      'beside',
    )
    await refused({ type: 'integer', minimum: 3, exclusiveMaximum: 3 }, 'nothing between')
    await refused({ type: 'string', maxLength: 1e9 }, 'maxLength')
    await refused({ description: 'x'.repeat(70_000) }, 'more than 65536')
    let deep: object = {}
    for (let i = 0; i < 100; i++) deep = { type: 'array', items: deep }
    await refused(deep, 'deeper than 64')
    await refused(undefined)
    await refused(false, 'allows nothing')
  })
})

const patterns = [
  '[a-z]{2,5}@[a-z]{1,6}\\.(com|org)',
  '(yes|no|peut-être)',
  '^\\d{4}-\\d{2}$',
  '日本[^x]?',
  'a.\\S\\s{1,2}[^\\d]([f-k]|é){1,3}b',
  '\\W\\D[\\w.-]{3}',
]

describe('text under a pattern', () => {
  it('matches the regular expression as a whole', async () => {
    for (const pattern of patterns)
      for (let seed = 0; seed < 8; seed++) {
        const text = await write({ kind: 'regex', pattern }, seed)
        expect(text).toMatch(new RegExp(`^(?:${pattern})$`, 'u'))
      }
  })

  it('follows an EBNF grammar', async () => {
    const spec: ConstraintSpec = { kind: 'grammar', ebnf: 'root ::= "(" root ")" | [0-9]{1,3}' }
    expect(await takes(spec, '((42))')).toBe(true)
    expect(await takes(spec, '((42)')).toBe(false)
  })

  it('may be all text, and still holds no control token and no empty row', async () => {
    const matcher = (await constraints.compile({ kind: 'regex', pattern: '.*' })).start()
    const mask = matcher.mask()
    for (let token = 0; token < size; token++)
      if (token === tokenizer.eos) expect(has(mask, token)).toBe(true)
      else if (token >= tokenizer.size || tokenizer.isControl(token)) expect(has(mask, token)).toBe(false)
    expect(has(mask, tokenizer.encode('x')[0]!)).toBe(true)
    matcher.close()
  })

  it('is refused where it is not understood, and the next one is not the worse for it', async () => {
    const refused: ConstraintSpec[] = [
      { kind: 'regex', pattern: '(a' },
      { kind: 'regex', pattern: '(?=a)b' },
      { kind: 'regex', pattern: 'a^b' },
      { kind: 'regex', pattern: '[a-zé]' },
      { kind: 'regex', pattern: `${'('.repeat(20_000)}a${')'.repeat(20_000)}` },
      { kind: 'regex', pattern: '[\\u0400-\\u04ff]' },
      { kind: 'regex', pattern: '[\\W]' },
      { kind: 'grammar', ebnf: 'root ::= "é" [^ä]' },
      { kind: 'grammar', ebnf: 'root ::= ' },
      { kind: 'grammar', ebnf: 'root ::= other' },
      { kind: 'grammar', ebnf: 'x'.repeat(70_000) },
    ]
    for (const spec of refused)
      await expect(constraints.compile(spec)).rejects.toThrow(
        expect.objectContaining({ code: 'constraint-invalid' }),
      )
    expect(await takes({ kind: 'regex', pattern: 'b+' }, 'bbb')).toBe(true)
  })
})

describe('a matcher', () => {
  it('is done where only the end may follow, and takes no token against its mask', async () => {
    const constraint = await constraints.compile({ kind: 'regex', pattern: 'no' })
    const matcher = constraint.start()
    expect(matcher.done).toBe(false)
    expect(has(matcher.mask(), tokenizer.eos)).toBe(false)
    for (const token of [tokenizer.eos, tokenizer.encode('x')[0]!, size - 1, -1, size + 500])
      expect(() => matcher.accept(token)).toThrow(expect.objectContaining({ code: 'constraint-broken' }))
    for (const token of tokenizer.encode('no')) matcher.accept(token)
    expect(matcher.done).toBe(true)
    matcher.accept(tokenizer.eos)
    matcher.close()
    matcher.close()
    expect(() => matcher.mask()).toThrow(expect.objectContaining({ code: 'constraint-closed' }))
  })

  it('outlives its constraint, the cache and the second thread', async () => {
    const own = openConstraints(tokenizer, size, { kept: 1 })
    const constraint = await own.compile({ kind: 'regex', pattern: '[ab]+' })
    const [one, two] = [constraint.start(), constraint.start()]
    constraint.close()
    expect(() => constraint.start()).toThrow(expect.objectContaining({ code: 'constraint-closed' }))
    for (const pattern of ['c', 'd', 'e']) (await own.compile({ kind: 'regex', pattern })).close()
    await own.close()
    one.accept(tokenizer.encode('a')[0]!)
    expect(has(one.mask(), tokenizer.eos)).toBe(true)
    expect(has(two.mask(), tokenizer.eos)).toBe(false)
    one.close()
    two.close()
  })

  it('that takes too long to compile is stopped', async () => {
    const own = openConstraints(tokenizer, size, { seconds: 0.01 })
    await expect(own.compile({ kind: 'json' })).rejects.toThrow(/takes longer than 0.01 s/)
    await own.close()
  })
})
