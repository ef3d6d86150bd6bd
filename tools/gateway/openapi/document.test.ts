import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020, type AnySchemaObject, type ValidateFunction } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ids } from '../../testing/small-network.ts'
import { verbs } from '../../verbs.ts'
import { openStage, type Stage } from '../testing/stage.ts'
import { exampleInput } from './examples.ts'

interface Operation {
  operationId: string
  summary: string
  tags: string[]
  security?: Record<string, string[]>[]
  parameters?: { name?: string; in?: string; $ref?: string }[]
  responses: Record<string, { $ref?: string; content?: Record<string, { schema: AnySchemaObject }> }>
}
interface Document {
  openapi: string
  paths: Record<string, Record<string, Operation>>
  webhooks: Record<string, Record<string, Operation>>
  tags: { name: string }[]
  components: { responses: Record<string, Operation['responses'][string]>; securitySchemes: object }
}

/** What verbs are sent on the stage, by whom; the others get the document's own example. */
const told: Record<string, unknown> = {
  event: { seq: 3 },
  explain: { answer: ids.answer },
  feedback: { answer: ids.answer, thumb: 1 },
  receipt: { receipt: ids.receipt },
  vote: { proposal: 'wasps', choice: 'yes' },
  freeze: { proposal: 'wasps' },
  inspect: { proposal: 'bees' },
  'inspect-epoch': { epoch: 1 },
  consent: { proposal: 'wasps', licence: 'CC0-1.0', rights: true },
}

describe('the document of a node', () => {
  let stage: Stage
  let document: Document
  let ajv: Ajv2020
  beforeAll(async () => {
    stage = await openStage()
    document = (await (await fetch(`${stage.url}openapi.json`)).json()) as Document
    ajv = new Ajv2020({ strict: false })
    addFormats.default(ajv)
    ajv.addSchema(document, 'document')
  })
  afterAll(() => stage.close())

  const operations = () =>
    [document.paths, document.webhooks].flatMap(paths =>
      Object.entries(paths).flatMap(([path, item]) =>
        Object.entries(item).map(([method, operation]) => ({ path, method, operation })),
      ),
    )
  const walk = (value: unknown, visit: (name: string, value: unknown) => void): void => {
    if (typeof value !== 'object' || value === null) return
    for (const [name, member] of Object.entries(value)) {
      visit(name, member)
      walk(member, visit)
    }
  }

  it('is OpenAPI 3.1 in its structure', () => {
    expect(document.openapi).toMatch(/^3\.1\.\d$/)
    const all = operations()
    expect(new Set(all.map(({ operation }) => operation.operationId)).size).toBe(all.length)
    const tags = document.tags.map(({ name }) => name)
    for (const { path, method, operation } of all) {
      const where = `${method} ${path}`
      expect(operation.summary, where).toMatch(/^[A-Z].*\.$/)
      expect(tags, where).toEqual(expect.arrayContaining(operation.tags))
      expect(
        Object.keys(operation.responses).every(status => /^([1-5](\d\d|XX)|default)$/.test(status)),
        where,
      ).toBe(true)
      const inPath = (operation.parameters ?? []).filter(one => one.in === 'path').map(({ name }) => name)
      expect(
        [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name),
        where,
      ).toEqual(inPath)
      for (const one of operation.security ?? [])
        for (const [scheme, scopes] of Object.entries(one)) {
          expect(document.components.securitySchemes).toHaveProperty(scheme)
          expect(['ask', 'read', 'write', 'money', 'vote']).toEqual(expect.arrayContaining(scopes))
        }
    }
  })

  it('refers to nothing that it does not hold', () => {
    walk(document, (name, value) => {
      if (name !== '$ref') return
      expect(value).toMatch(/^#\/components\//)
      const found = String(value)
        .split('/')
        .slice(1)
        .reduce<unknown>((at, part) => (at as Record<string, unknown>)[part], document)
      expect(found, String(value)).toBeDefined()
    })
  })

  it('has every verb, with GET where it reads', () => {
    for (const { name, summary, effect } of verbs) {
      const item = document.paths[`/api/verbs/${name}`]
      expect(item?.post, name).toMatchObject({ operationId: name, summary })
      if (effect !== 'read') expect(item?.get, name).toBeUndefined()
    }
  })

  const compiled = new Map<string, ValidateFunction>()
  const validatorOf = (path: string, method: string, status: number, type: string): ValidateFunction => {
    const responses = document.paths[path]?.[method]?.responses ?? {}
    const named = responses[String(status)] ?? responses[`${Math.floor(status / 100)}XX`]
    const found =
      named?.$ref === undefined ? named : document.components.responses[named.$ref.split('/').at(-1) ?? '']
    const schema = found?.content?.[type]?.schema
    expect(schema, `${method} ${path} ${status} ${type}`).toBeDefined()
    const whole = typeof schema?.$ref === 'string' ? { $ref: `document${schema.$ref}` } : (schema ?? false)
    const name = typeof schema?.$ref === 'string' ? schema.$ref : `${method} ${path}`
    const known = compiled.get(name) ?? ajv.compile(whole)
    compiled.set(name, known)
    return known
  }
  const check = async (path: string, method: string, answer: Response): Promise<number> => {
    const { status } = answer
    const valid = validatorOf(path, method, status, answer.headers.get('content-type')?.split(';')[0] ?? '')
    const body: unknown = await answer.json()
    const fine = valid(body)
    expect(
      fine,
      `${method} ${path} ${status} ${ajv.errorsText(valid.errors)} ${JSON.stringify(body).slice(0, 300)}`,
    ).toBe(true)
    return status
  }

  it('says of every verb what it answers, to nobody, to members and to the operator', async () => {
    const operator = readFileSync(join(stage.network.folder, 'keys', 'local-key'), 'utf8').trim()
    const callers = {
      nobody: undefined,
      ann: await stage.key(),
      bob: await stage.key({ accountId: ids.bob }),
      operator,
    }
    const answered = new Set<string>()
    for (const [who, key] of Object.entries(callers)) {
      const headers = { ...(key === undefined ? {} : { authorization: `Bearer ${key}` }) }
      for (const { name } of verbs) {
        const path = `/api/verbs/${name}`
        const input =
          told[name] ?? exampleInput(verbs.find(verb => verb.name === name) as (typeof verbs)[number])
        const posted = await fetch(new URL(path, stage.url), {
          method: 'POST',
          headers: { ...headers, 'content-type': 'application/json' },
          body: JSON.stringify(input),
        })
        if ((await check(path, 'post', posted)) === 200) answered.add(`${who} ${name}`)
        if (document.paths[path]?.get === undefined) continue
        const query = new URLSearchParams()
        for (const [field, value] of Object.entries(input as object))
          for (const one of [value].flat()) query.append(field, String(one))
        const got = await fetch(new URL(`${path}?${query}`, stage.url), { headers })
        if ((await check(path, 'get', got)) === 200) answered.add(`${who} GET ${name}`)
      }
    }
    // What is only refused would prove nothing of the answers.
    const reading = verbs.filter(
      ({ effect, who, inPerson }) => effect === 'read' && who.includes('member') && inPerson !== true,
    )
    const silent = reading.filter(({ name }) => !answered.has(`ann ${name}`) && !answered.has(`bob ${name}`))
    expect(silent.map(({ name }) => name)).toEqual([])
    for (const name of ['ask', 'feedback', 'consent', 'subscribe']) expect(answered).toContain(`ann ${name}`)
    for (const name of ['status', 'events', 'event', 'run', 'models', 'receipt'])
      expect(answered).toContain(`nobody GET ${name}`)
  }, 15_000)
})
