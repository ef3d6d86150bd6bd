import fc from 'fast-check'
import { expect, test } from 'vitest'
import { canonicalJson, sha256Hex } from './canonical.ts'

test('the text does not depend on the order of the members', () => {
  expect(canonicalJson({ b: [1, { d: null, c: 'ü' }], a: true })).toBe(
    '{"a":true,"b":[1,{"c":"ü","d":null}]}',
  )
})

test('numbers are written as RFC 8785 writes them', () => {
  expect(canonicalJson([1 / 3, 1e30, 4.5, 2e-3, 1e-27, -0])).toBe(
    '[0.3333333333333333,1e+30,4.5,0.002,1e-27,0]',
  )
})

test('a bigint is a decimal string, a date its ISO text, undefined is left out', () => {
  expect(canonicalJson({ units: 12345678901234567890n, at: new Date(0), no: undefined })).toBe(
    '{"at":"1970-01-01T00:00:00.000Z","units":"12345678901234567890"}',
  )
})

test('reading the text and writing it again gives the same text', () => {
  fc.assert(
    fc.property(fc.jsonValue(), value => {
      const text = canonicalJson(value)
      expect(canonicalJson(JSON.parse(text))).toBe(text)
    }),
  )
})

test.each([
  ['NaN', Number.NaN],
  ['an infinity', { a: [Number.NEGATIVE_INFINITY] }],
  ['a NUL', 'a\0'],
  ['half a pair', '\ud800'],
  ['nothing', undefined],
])('%s cannot be written', (_, value) => {
  expect(() => canonicalJson(value)).toThrow(expect.objectContaining({ code: 'not-canonical' }))
})

test('a cycle cannot be written', () => {
  const cycle: { self?: unknown } = {}
  cycle.self = cycle
  expect(() => canonicalJson(cycle)).toThrow(expect.objectContaining({ code: 'not-canonical' }))
})

test('the hash is SHA-256 over all parts', () => {
  expect(sha256Hex('a', Buffer.from('bc'))).toBe(
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  )
})
