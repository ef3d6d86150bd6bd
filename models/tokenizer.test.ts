import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openTokenizer, type Tokenizer } from './tokenizer.ts'

const shipped = new URL('./base/tributary-8m', import.meta.url).pathname
let tokenizer: Tokenizer
let scratch: string
beforeAll(async () => {
  tokenizer = await openTokenizer(shipped)
  scratch = await mkdtemp(join(tmpdir(), 'tokenizer-'))
})
afterAll(() => rm(scratch, { recursive: true, force: true }))

const controls = ['<|endoftext|>', '<|system|>', '<|user|>', '<|assistant|>', '<|end|>', '<|pad|>']
const hostile = fc
  .array(
    fc.oneof(fc.constantFrom(...controls, '<|', '|>', '\n', ' ', '\uFDD1'), fc.string({ unit: 'grapheme' })),
  )
  .map(parts => parts.join(''))

describe('text', () => {
  it('comes back unchanged from its tokens', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), text => {
        expect(tokenizer.decode(tokenizer.encode(text))).toBe(text)
      }),
    )
  })

  it('never becomes a control token, whatever it spells', () => {
    fc.assert(
      fc.property(hostile, text => {
        expect(tokenizer.encode(text).filter(tokenizer.isControl)).toEqual([])
      }),
    )
  })

  it('keeps the spelling of a control token as readable text', () => {
    expect(tokenizer.decode(tokenizer.encode('press <|end|> now'))).toBe('press <|end|> now')
  })
})

describe('a conversation', () => {
  it('has the control tokens of the template and no others', () => {
    fc.assert(
      fc.property(hostile, text => {
        const ids = tokenizer.chat([{ role: 'user', content: text }], true)
        expect(ids.filter(tokenizer.isControl)).toEqual([0, 2, 4, 3])
      }),
    )
  })

  it('is laid out as the base model was trained', () => {
    const newline = tokenizer.encode('\n')
    expect(tokenizer.chat([{ role: 'user', content: 'Hi' }], true)).toEqual([
      ...[0, 2, ...newline],
      ...tokenizer.encode('Hi'),
      ...[4, ...newline, 3, ...newline],
    ])
  })
})

describe('an example', () => {
  it('starts with exactly the tokens that generation starts from and ends with the end of the turn', () => {
    fc.assert(
      fc.property(hostile, hostile, (prompt, answer) => {
        const { ids, answerStart } = tokenizer.example(prompt, answer)
        expect(ids.slice(0, answerStart)).toEqual(tokenizer.chat([{ role: 'user', content: prompt }], true))
        expect(ids.at(-1)).toBe(tokenizer.eos)
        expect(ids.slice(answerStart).filter(tokenizer.isControl)).toEqual([tokenizer.eos])
      }),
    )
  })
})

describe('streamed tokens', () => {
  it('give the whole text in whole characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), text => {
        const stream = tokenizer.stream()
        const pushed = tokenizer.encode(text).map(token => stream.push(token))
        expect(pushed.filter(piece => piece.includes('\uFFFD') && !text.includes('\uFFFD'))).toEqual([])
        expect(pushed.join('') + stream.end()).toBe(text)
      }),
    )
  })

  it('show a cut-off character as U+FFFD at the end', () => {
    const stream = tokenizer.stream()
    const half = tokenizer.encode('𝛼').slice(0, -1)
    expect(half.map(token => stream.push(token)).join('')).toBe('')
    expect(stream.end()).toMatch(/^\uFFFD+$/)
  })

  it('have offsets that cut the text where the tokens do', () => {
    const text = 'Bees make honey. Größe 7!'
    const ids = tokenizer.encode(text)
    const offsets = tokenizer.offsets(ids)
    expect(offsets.at(-1)).toBe(text.length)
    expect(ids.map((_, i) => text.slice(offsets[i], offsets[i + 1])).join('')).toBe(text)
    expect(text.slice(offsets[1], offsets[2])).toBe(tokenizer.decode([ids[1]!]))
  })
})

describe('a folder', () => {
  const copy = async (change: (config: Record<string, unknown>) => void) => {
    const config = JSON.parse(await readFile(join(shipped, 'tokenizer_config.json'), 'utf8'))
    change(config)
    await writeFile(join(scratch, 'tokenizer_config.json'), JSON.stringify(config))
    await writeFile(join(scratch, 'tokenizer.json'), await readFile(join(shipped, 'tokenizer.json')))
  }

  it('without a tokenizer is refused by name', async () => {
    await expect(openTokenizer(join(scratch, 'nowhere'))).rejects.toMatchObject({
      code: 'tokenizer-unreadable',
    })
  })

  it('with a tokenizer of unknown parts is refused by name', async () => {
    await copy(() => undefined)
    const file = JSON.parse(await readFile(join(shipped, 'tokenizer.json'), 'utf8'))
    const change = async (part: object) =>
      writeFile(join(scratch, 'tokenizer.json'), JSON.stringify({ ...file, ...part }))
    await change({ decoder: { type: 'Oracle' } })
    await expect(openTokenizer(scratch)).rejects.toMatchObject({ code: 'tokenizer-unreadable' })
    await change({ added_tokens: 'none' })
    await expect(openTokenizer(scratch)).rejects.toMatchObject({ code: 'tokenizer-unreadable' })
  })

  it('whose template never ends is refused within its time limit', async () => {
    await copy(config => {
      config.chat_template =
        '{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}'
    })
    const slow = await openTokenizer(scratch)
    expect(() => slow.chat([{ role: 'user', content: 'Hi' }], true)).toThrow(
      expect.objectContaining({ code: 'chat-template' }),
    )
  })

  it('without a template speaks in plain turns', async () => {
    await copy(config => delete config.chat_template)
    const plain = await openTokenizer(scratch)
    expect(plain.decode(plain.chat([{ role: 'user', content: 'Hi' }], true))).toBe('User: Hi\nAssistant: ')
  })
})
