import { z } from 'zod'
import { fault } from '../infra/errors.ts'
import type { Engine } from '../models/engine.ts'
import { plainText } from './ask-request.ts'
import { findRelease } from './find.ts'
import { limits } from './limits.ts'
import { verb } from './registry.ts'

/** Texts that are embedded in one go: answers are written between two of them. */
const AT_ONCE = 32

/**
 * Turns texts into vectors by the base model, whichever model is named: adapters change what a model says, not what the
 * network compares by. Free. Throws `model-unknown`, `input-invalid` on tokens that the base does not know, and `cancelled`.
 */
export const embed = verb({
  name: 'embed',
  summary: 'Turn texts into vectors of the base model, to compare them by.',
  who: ['member', 'operator'],
  effect: 'read',
  input: z.object({
    model: plainText.max(200).default('base').describe("the base's name or a released model"),
    texts: z
      .array(
        z.union([plainText.min(1).max(limits.embeddedCharacters), z.array(z.int().min(0)).min(1).max(8192)]),
      )
      .min(1)
      .max(limits.embeddedTexts)
      .describe("texts, or tokens of the base's tokenizer"),
  }),
  output: z.object({
    model: z.string(),
    /** Of length 1 each. */
    vectors: z.array(z.array(z.number())),
    tokens: z.number(),
  }),
  async run({ db, engine, signal }, { model, texts: given }) {
    const { base } = engine
    if (model !== 'base' && model !== base.name) await findRelease(db, model)
    refuseTooLong(given)
    const texts = given.map(item => (typeof item === 'string' ? item : textOf(engine, item)))
    refuseTooLong(texts)
    const vectors: number[][] = []
    for (let at = 0; at < texts.length; at += AT_ONCE) {
      if (signal?.aborted === true)
        throw fault('cancelled', 'The embedding was cancelled.', { fix: 'Ask again.' })
      for (const vector of await engine.embed(texts.slice(at, at + AT_ONCE))) vectors.push([...vector])
    }
    const tokens = texts.reduce((sum, text) => sum + engine.encode(text).length, 0)
    return { model: base.name, vectors, tokens }
  },
})

/** Tokens count as a character each before they are read, and by what they say after. */
const refuseTooLong = (texts: readonly { readonly length: number }[]): void => {
  if (texts.reduce((sum, { length }) => sum + length, 0) > limits.embeddedCharacters)
    throw fault('input-invalid', `The texts have more than ${limits.embeddedCharacters} characters.`, {
      fix: 'Send them in several requests.',
    })
}

const textOf = (engine: Engine, tokens: readonly number[]): string => {
  if (tokens.some(token => token >= engine.base.config.vocabulary))
    throw fault('input-invalid', `The base has ${engine.base.config.vocabulary} tokens.`, {
      fix: "Send texts, or tokens of the base's own tokenizer.",
    })
  return engine.decode(tokens) || ' '
}
