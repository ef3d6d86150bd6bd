import type { Context } from 'hono'
import { z } from 'zod'
import { fault } from '../../../infra/errors.ts'
import { plainText } from '../../ask-request.ts'
import { embed } from '../../embed.ts'
import { limits } from '../../limits.ts'
import { call } from '../../registry.ts'
import type { Env, Gate } from '../gate.ts'
import { attention } from './answers.ts'
import { model, optional, parse, unsupported } from './parameters.ts'

const text = plainText.min(1).max(limits.embeddedCharacters)
const tokens = z.array(z.int().min(0)).min(1).max(8_192)

const schema = z.object({
  model,
  input: z.union([
    text.transform(one => [one]),
    z.array(text).min(1).max(limits.embeddedTexts),
    tokens.transform(one => [one]),
    z.array(tokens).min(1).max(limits.embeddedTexts),
  ]),
  encoding_format: optional(z.enum(['float', 'base64'])),
  dimensions: optional(z.int().min(1)),
})

/** POST /v1/embeddings: the base's vectors, whichever model is named; free, but not without a key. */
export const embeddings = async (gate: Gate, c: Context<Env>): Promise<Response> => {
  const caller = c.get('caller')
  if (caller.role === 'anyone')
    throw fault('key-missing', 'Embeddings are free, but not without a key.', {
      fix: 'Send an API key as a bearer token.',
    })
  // Texts may be lists of tokens: their schema bounds them.
  const { parameters: asked } = await parse(c.req, schema, [], Number.POSITIVE_INFINITY)
  const { dim } = gate.network.engine.base
  if (asked.dimensions !== undefined && asked.dimensions !== dim)
    throw unsupported('dimensions', `The vectors have ${dim} dimensions.`)
  const watch = attention(gate, c)
  try {
    const {
      model: name,
      vectors,
      tokens: read,
    } = await call(
      gate.network,
      caller,
      embed,
      { model: asked.model, texts: asked.input },
      { signal: watch.signal },
    )
    return c.json({
      object: 'list',
      model: name,
      data: vectors.map((vector, index) => ({
        object: 'embedding',
        index,
        embedding: asked.encoding_format === 'base64' ? base64Of(vector) : vector,
      })),
      usage: { prompt_tokens: read, total_tokens: read },
    })
  } finally {
    watch.end()
  }
}

/** Float32, little-endian, as OpenAI's clients read it. */
const base64Of = (vector: readonly number[]): string => {
  const bytes = Buffer.alloc(vector.length * 4)
  for (const [at, value] of vector.entries()) bytes.writeFloatLE(value, at * 4)
  return bytes.toString('base64')
}
