import { describe, expect, it } from 'vitest'
import { specificationOf } from './specification.ts'

const field = (name: string, types: string[], required = false) => ({ name, types, required })
const specification = specificationOf({
  methods: {
    send: {
      fields: [
        field('chat_id', ['Integer', 'String'], true),
        field('keys', ['Array of Array of Key']),
        field('file', ['InputFile', 'String']),
        field('quiet', ['Boolean']),
      ],
      returns: ['Message'],
    },
  },
  types: {
    Key: { fields: [field('text', ['String'], true)] },
    Message: { subtypes: ['Full', 'Gone'] },
    Full: { fields: [field('id', ['Integer'], true), field('text', ['String'], true)] },
    Gone: { fields: [field('id', ['Integer'], true)] },
  },
})
const check = (fields: Record<string, unknown>, ...uploads: string[]) =>
  specification.call('send', fields, new Set(uploads))

describe('the check against the Bot API’s description', () => {
  it('takes what is described, as JSON and as a form', () => {
    expect(check({ chat_id: 1, keys: [[{ text: 'A' }]], quiet: true })).toEqual([])
    expect(check({ chat_id: '1', keys: '[[{"text":"A"}]]', quiet: 'true' }, 'file')).toEqual([])
  })

  it('names what is missing, of another type or unknown', () => {
    expect(check({})).toEqual(['send.chat_id is required'])
    expect(check({ chat_id: true })).toEqual(['send.chat_id must be Integer'])
    expect(check({ chat_id: 1, keys: [[{}]] })).toEqual(['send.keys[0][0].text is required'])
    expect(check({ chat_id: 1, keyz: 1 })).toEqual(['send.keyz is unknown'])
    expect(specification.call('sent', {}, new Set())).toEqual(['sent is no method of the Bot API'])
  })

  it('holds answers to their type, whichever of its kinds they are', () => {
    expect(specification.result('send', { id: 1 })).toEqual([])
    expect(specification.result('send', { id: 'x' })).toEqual(['answer of send.id must be Integer'])
  })
})
