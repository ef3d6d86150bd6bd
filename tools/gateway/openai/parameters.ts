import { z } from 'zod'
import { sha256Hex } from '../../../infra/canonical.ts'
import { fault } from '../../../infra/errors.ts'
import { plainText } from '../../ask-request.ts'

/** A request's parameters and what pays for it. */
export interface Parsed<T> {
  readonly parameters: T
  /** SHA-256 of path and body. */
  readonly requestHash: string
}

/**
 * Reads a body. Parameters that are not known are overlooked, as OpenAI does; those of `refused` are known and not served.
 * Throws `parameter-invalid` and `parameter-unsupported`, naming the parameter.
 */
export const parse = async <S extends z.ZodType>(
  request: { path: string; text(): Promise<string> },
  schema: S,
  refused: readonly string[] = [],
  mostMembers = MOST_MEMBERS,
): Promise<Parsed<z.output<S>>> => {
  const text = await request.text()
  const body = jsonOf(text, mostMembers)
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw invalid('The body is no JSON object.', null)
  for (const name of refused)
    if (isGiven(Reflect.get(body, name))) throw unsupported(name, `'${name}' is not supported here.`)
  const parsed = schema.safeParse(body)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    const param = pathText(issue?.path ?? [])
    throw invalid(
      `Invalid ${param === '' ? 'body' : `'${param}'`}: ${issue?.message ?? 'not understood'}.`,
      param,
    )
  }
  return { parameters: parsed.data, requestHash: sha256Hex(request.path, '\n', text) }
}

/** Levels of a body: functions that walk through it hold that many of their own calls. */
const MOST_LEVELS = 100

/** Members of a body's lists and objects: each that is wrong costs far more than to send it. */
const MOST_MEMBERS = 16_384

const jsonOf = (text: string, mostMembers: number): unknown => {
  const { levels, members } = sizeOf(text)
  if (levels > MOST_LEVELS) throw invalid(`The body has more than ${MOST_LEVELS} levels.`, null)
  if (members > mostMembers) throw invalid(`The body has more than ${mostMembers} members.`, null)
  try {
    return JSON.parse(text)
  } catch {
    throw invalid('The body is no JSON.', null)
  }
}

const isGiven = (value: unknown): boolean =>
  value !== undefined && value !== null && value !== false && !(Array.isArray(value) && value.length === 0)

const pathText = (path: readonly PropertyKey[]): string =>
  path.reduce<string>(
    (text, part) =>
      typeof part === 'number' ? `${text}[${part}]` : text === '' ? String(part) : `${text}.${String(part)}`,
    '',
  )

const sizeOf = (text: string): { levels: number; members: number } => {
  let [level, levels, members, quoted] = [0, 0, 0, false]
  for (let at = 0; at < text.length; at++) {
    const sign = text[at]
    if (sign === '"') quoted = !quoted
    else if (quoted) at += sign === '\\' ? 1 : 0
    else if (sign === '{' || sign === '[') levels = Math.max(levels, ++level)
    else if (sign === '}' || sign === ']') level--
    else if (sign === ',') members++
  }
  return { levels, members }
}

export const invalid = (message: string, param: string | null) =>
  fault('parameter-invalid', message, { fix: 'Correct it and send it again.', facts: { param } })

export const unsupported = (param: string, message: string, fix = 'Leave it out.') =>
  fault('parameter-unsupported', message, { fix, facts: { param } })

/** Choices of one request at most: each is an answer with a price. */
export const MOST_CHOICES = 16

export const model = plainText.min(1).max(200)
/** `null` says as little as nothing, in every parameter. */
export const optional = <S extends z.ZodType>(schema: S) =>
  schema.nullish().transform(value => value ?? undefined)

/** Parameters that chat and plain completions share. */
export const sampling = {
  temperature: optional(z.number().min(0).max(2)),
  top_p: optional(z.number().gt(0).max(1)),
  seed: optional(z.int()),
  n: optional(z.int().min(1).max(MOST_CHOICES)),
  stop: optional(
    z.union([
      plainText
        .min(1)
        .max(256)
        .transform(text => [text]),
      z.array(plainText.min(1).max(256)).max(16),
    ]),
  ),
  presence_penalty: optional(z.number().min(-2).max(2)),
  frequency_penalty: optional(z.number().min(-2).max(2)),
  logit_bias: optional(z.record(z.string().regex(/^\d{1,9}$/), z.number().min(-100).max(100))),
  user: optional(plainText.max(256)),
  stream: optional(z.boolean()),
  stream_options: optional(z.object({ include_usage: optional(z.boolean()) })),
}
const shared = z.object(sampling)

/** What is left of an object without what is undefined. */
export const given = <T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>
  }

/**
 * The sampling of choice number `at`. OpenAI's default temperature is 1; the models here answer best with their likeliest
 * tokens, so it is 0 unless several choices are asked for, which would all be the same.
 */
export const samplingOf = (asked: Partial<z.output<typeof shared>>, at: number) =>
  given({
    temperature: asked.temperature ?? ((asked.n ?? 1) > 1 ? 1 : undefined),
    topP: asked.top_p,
    seed: asked.seed === undefined ? undefined : asked.seed + at,
    stop: asked.stop?.length === 0 ? undefined : asked.stop,
    presencePenalty: asked.presence_penalty,
    frequencyPenalty: asked.frequency_penalty,
    logitBias:
      asked.logit_bias === undefined || Object.keys(asked.logit_bias).length === 0
        ? undefined
        : asked.logit_bias,
    user: asked.user,
  })
