import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Tokenizer as Pieces } from '@huggingface/tokenizers'
import { z } from 'zod'
import { fault } from '../infra/errors.ts'
import { chatTemplate, type Message } from './chat-template.ts'

export type { Message } from './chat-template.ts'

export interface Tokenizer {
  /** Tokens of plain text. Control tokens spelled out in it (`<|user|>`) become ordinary pieces, never control tokens. */
  encode(text: string): number[]
  /** Text of tokens; control tokens are left out. decode(encode(text)) is text for byte-level vocabularies. */
  decode(tokens: ArrayLike<number>): string
  /** A conversation in the base model's own template; contents stay data as in `encode`. */
  chat(messages: readonly Message[], addGenerationPrompt: boolean): number[]
  /** One training example: prompt, answer and the end of the turn; the answer's tokens begin at `answerStart`. */
  example(prompt: string, answer: string): { ids: number[]; answerStart: number }
  /** Turns tokens into text as they come, whole characters only. */
  stream(): TextStream
  /** Where each token's text begins in decode(tokens), in UTF-16 units; length tokens + 1, the last is the text's end. */
  offsets(tokens: ArrayLike<number>): Uint32Array
  isControl(token: number): boolean
  /** The vocabulary's own spelling of each token by id, '' for control tokens and ids without one; and how it spells bytes. */
  vocabulary(): { pieces: string[]; encoding: 'byte-level' | 'byte-fallback' | 'plain' }
  readonly bos: number
  /** Ends a turn; training learns it and generation stops at it. */
  readonly eos: number
  readonly pad: number
  /** Highest token id + 1. */
  readonly size: number
}

export interface TextStream {
  /** The text that this token completes; '' while a character is still in pieces. */
  push(token: number): string
  /** What is left at the end: an unfinished character becomes U+FFFD. */
  end(): string
}

const addedToken = z.looseObject({ id: z.number().int(), content: z.string(), special: z.boolean() })
const tokenizerFile = z.looseObject({ added_tokens: z.array(addedToken), model: z.looseObject({}) })
const named = z.union([z.string(), z.looseObject({ content: z.string() })]).nullish()
const template = z.union([z.string(), z.array(z.object({ name: z.string(), template: z.string() }))])
const configFile = z.looseObject({
  bos_token: named,
  eos_token: named,
  pad_token: named,
  chat_template: template.optional(),
})

/**
 * Control tokens are known inside by a name that starts with this noncharacter, so no text can spell one: text is cleared
 * of it, and only what the template itself writes is renamed.
 */
const control = '\uFDD0'
/** Breaks up a control token's spelling in a message while the template is rendered around it. */
const broken = '\uFDD1'

/**
 * Opens tokenizer.json, tokenizer_config.json and, where present, chat_template.jinja of a base model's folder.
 * Throws `tokenizer-unreadable` (a file is absent or malformed) and `chat-template`.
 */
export const openTokenizer = async (folder: string): Promise<Tokenizer> => {
  const file = await readJson(folder, 'tokenizer.json', tokenizerFile)
  const config = await readJson(folder, 'tokenizer_config.json', configFile)
  const spelled = file.added_tokens.filter(t => t.special || /^<.+>$/.test(t.content))
  const controlIds = new Set(spelled.map(t => t.id))
  const spellings = spelled.map(t => t.content).toSorted((a, b) => b.length - a.length)
  const anySpelling = new RegExp(
    spellings.map(s => s.replace(/[^\p{L}\p{N}]/gu, '\\$&')).join('|') || '(?!)',
    'g',
  )
  const renamed = file.added_tokens.map(t =>
    controlIds.has(t.id) ? { ...t, content: control + t.content, normalized: false, special: true } : t,
  )
  const open = () =>
    new Pieces({ ...file, added_tokens: renamed }, { ...config, additional_special_tokens: [] })
  const pieces = attempt(open, cause =>
    unreadable(folder, 'tokenizer.json names parts that are not known', cause),
  )

  const idOf = (token: z.infer<typeof named>): number | null => {
    const name = typeof token === 'string' ? token : token?.content
    return file.added_tokens.find(t => t.content === name)?.id ?? null
  }
  const eos = idOf(config.eos_token)
  if (eos === null) throw unreadable(folder, 'tokenizer_config.json names no eos_token of the vocabulary')
  const bos = idOf(config.bos_token) ?? eos
  const spelling = (id: number) => file.added_tokens.find(t => t.id === id)?.content ?? ''
  const dialogue = chatTemplate(await templateSource(folder, config.chat_template), {
    bos_token: idOf(config.bos_token) === null ? '' : spelling(bos),
    eos_token: spelling(eos),
  })

  const plain = (text: string) => text.toWellFormed().replaceAll(/[\uFDD0\uFDD1]/g, '\uFFFD')
  const ids = (text: string) => (text === '' ? [] : pieces.encode(text, { add_special_tokens: false }).ids)
  const decode = (tokens: ArrayLike<number>): string => {
    const kept = Array.from(tokens).filter(t => !controlIds.has(t))
    if (kept.length === 0) return ''
    return pieces.decode(kept, { skip_special_tokens: false, clean_up_tokenization_spaces: false })
  }

  const chat = (messages: readonly Message[], addGenerationPrompt: boolean): number[] => {
    const shielded = messages.map(({ role, content }) => ({
      role,
      content: plain(content).replaceAll(anySpelling, s => s[0] + broken + s.slice(1)),
    }))
    const text = dialogue.render(shielded, addGenerationPrompt)
    return ids(text.replaceAll(anySpelling, s => control + s).replaceAll(broken, ''))
  }

  return {
    encode: text => ids(plain(text)),
    decode,
    chat,
    example(prompt, answer) {
      const asked = chat([{ role: 'user', content: prompt }], true)
      const whole = chat(
        [
          { role: 'user', content: prompt },
          { role: 'assistant', content: answer },
        ],
        false,
      )
      const end = whole.indexOf(eos, asked.length)
      // Where the template or a merge across the seam changes the prompt's tokens, the answer is encoded by itself:
      // generation starts from exactly the prompt's tokens.
      if (end > 0 && asked.every((id, i) => whole[i] === id))
        return { ids: whole.slice(0, end + 1), answerStart: asked.length }
      return { ids: [...asked, ...ids(plain(answer)), eos], answerStart: asked.length }
    },
    stream: () => textStream(decode),
    offsets: tokens => tokenOffsets(decode, tokens),
    isControl: token => controlIds.has(token),
    vocabulary() {
      const spellings = new Array<string>(pieces.get_vocab(true).size).fill('')
      for (const [piece, id] of pieces.get_vocab(true)) if (!controlIds.has(id)) spellings[id] = piece
      return { pieces: Array.from(spellings, piece => piece ?? ''), encoding: encodingOf(file) }
    },
    bos,
    eos,
    pad: idOf(config.pad_token) ?? eos,
    size: pieces.get_vocab(true).size,
  }
}

/** Text in whole characters from tokens; only the last few are decoded again at each step, for a token's text can depend on the one before it. */
export const textStream = (decode: (tokens: number[]) => string): TextStream => {
  let shown: number[] = []
  let waiting: number[] = []
  const piece = () => decode([...shown, ...waiting]).slice(decode(shown).length)
  return {
    push(token) {
      waiting.push(token)
      const text = piece()
      if (text === '' || text.endsWith('\uFFFD')) return ''
      shown = waiting
      waiting = []
      return text
    },
    end() {
      const text = piece()
      shown = waiting = []
      return text
    },
  }
}

/** `Tokenizer.offsets` for any decoder. */
export const tokenOffsets = (
  decode: (tokens: number[]) => string,
  tokens: ArrayLike<number>,
): Uint32Array => {
  const out = new Uint32Array(tokens.length + 1)
  const text = textStream(decode)
  let length = 0
  for (let i = 0; i < tokens.length; i++) {
    out[i] = length
    length += text.push(tokens[i]!).length
  }
  out[tokens.length] = length + text.end().length
  return out
}

/** How the pieces spell bytes: the decoder's own word for it. */
const encodingOf = (file: z.infer<typeof tokenizerFile>) => {
  const decoder = JSON.stringify(file.decoder ?? null)
  if (decoder.includes('"ByteLevel"')) return 'byte-level' as const
  return decoder.includes('"ByteFallback"') ? ('byte-fallback' as const) : ('plain' as const)
}

const templateSource = async (
  folder: string,
  configured: z.infer<typeof template> | undefined,
): Promise<string | null> => {
  const own = await readFile(join(folder, 'chat_template.jinja'), 'utf8').catch(() => null)
  if (own !== null || configured === undefined) return own
  if (typeof configured === 'string') return configured
  return configured.find(t => t.name === 'default')?.template ?? null
}

const attempt = <T>(work: () => T, refuse: (cause: unknown) => Error): T => {
  try {
    return work()
  } catch (cause) {
    throw refuse(cause)
  }
}

const readJson = async <T>(folder: string, name: string, schema: z.ZodType<T>): Promise<T> => {
  try {
    return schema.parse(JSON.parse(await readFile(join(folder, name), 'utf8')))
  } catch (cause) {
    throw unreadable(folder, `${name} is absent or malformed`, cause)
  }
}

const unreadable = (folder: string, what: string, cause?: unknown) =>
  fault('tokenizer-unreadable', `The tokenizer of ${folder} cannot be used: ${what}.`, {
    fix: "Put the model's tokenizer.json and tokenizer_config.json into the folder.",
    facts: { folder },
    blame: 'operator',
    ...(cause === undefined ? {} : { cause }),
  })
