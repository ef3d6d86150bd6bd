import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openStage, type Stage } from '../testing/stage.ts'

const json = { 'content-type': 'application/json' }

describe('REST of the verbs', () => {
  let stage: Stage
  beforeAll(async () => {
    stage = await openStage()
  })
  afterAll(() => stage.close())
  const post = (
    name: string,
    body: string | Uint8Array<ArrayBuffer>,
    headers: Record<string, string> = json,
  ) => fetch(`${stage.url}api/verbs/${name}`, { method: 'POST', body, headers })
  const problem = async (answer: Promise<Response>) => {
    const { status, code, title } = (await (await answer).json()) as Record<string, unknown>
    return { status, code, title }
  }

  it('answers a reading verb by GET and by POST alike', async () => {
    const got = await fetch(`${stage.url}api/verbs/events?limit=2&kind=answer.given`)
    expect(got.status).toBe(200)
    expect(got.headers.get('cache-control')).toBe('no-store')
    const posted = await post('events', JSON.stringify({ limit: 2, kind: 'answer.given' }))
    expect(await got.json()).toEqual(await posted.json())
  })

  it('names the next page in a Link header until there is none', async () => {
    const seen: string[] = []
    let path: string | undefined = 'api/verbs/events?limit=2'
    while (path !== undefined) {
      const answer: Response = await fetch(new URL(path, stage.url))
      const { events } = (await answer.json()) as { events: { seq: string }[] }
      seen.push(...events.map(({ seq }) => seq))
      path = /^<([^>]+)>; rel="next"$/.exec(answer.headers.get('link') ?? '')?.[1]
    }
    expect(seen).toEqual(['3', '2', '1'])
  })

  it('takes parameters as what the schema wants, and each once', async () => {
    const read = (query: string) => problem(fetch(`${stage.url}api/verbs/events?${query}`))
    expect(await read('limit=ten')).toMatchObject({ status: 422, title: expect.stringContaining('limit') })
    expect(await read('limit=1&limit=2')).toMatchObject({
      status: 422,
      title: expect.stringContaining('limit'),
    })
    expect(await read('limit=0x10')).toMatchObject({ status: 422 })
  })

  it('refuses a text where the document says number, although the verb would read it', async () => {
    expect(await problem(post('event', '{"seq":"1"}'))).toMatchObject({ status: 422, code: 'input-invalid' })
    expect((await post('event', '{"seq":1}')).status).toBe(200)
  })

  it('tells the methods of a verb that was called by another', async () => {
    const answer = await fetch(`${stage.url}api/verbs/ask`)
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST'])
    expect((await fetch(`${stage.url}api/verbs/status`, { method: 'HEAD' })).status).toBe(200)
  })

  it('takes nothing but a flat enough JSON object in UTF-8', async () => {
    const text = { 'content-type': 'text/plain' }
    expect(await problem(post('status', '{}', text))).toMatchObject({ status: 415 })
    expect(await problem(post('status', '{}', { ...json, 'content-encoding': 'gzip' }))).toMatchObject({
      status: 415,
    })
    expect(await problem(post('status', '{'))).toMatchObject({ status: 400, code: 'body-invalid' })
    expect(await problem(post('status', new Uint8Array([0x22, 0xff, 0x22])))).toMatchObject({
      code: 'body-invalid',
    })
    expect(await problem(post('status', '[]'))).toMatchObject({ status: 422 })
    const deep = `{"proposal":${'['.repeat(5000)}${']'.repeat(5000)}}`
    expect(await problem(post('status', deep))).toMatchObject({ status: 400, code: 'body-too-deep' })
    expect((await fetch(`${stage.url}api/verbs/status`, { method: 'POST' })).status).toBe(200)
  })

  it('asks nobody in particular for a key before it looks at the input', async () => {
    expect(await problem(post('vote', '{}'))).toMatchObject({ status: 401, code: 'key-missing' })
    expect(await problem(post('tally', '{}'))).toMatchObject({ status: 401, code: 'key-missing' })
    expect(await problem(post('nothing', '{}'))).toMatchObject({ status: 404, code: 'verb-unknown' })
  })

  it('lets no program say who somebody is on a platform', async () => {
    const known = JSON.stringify({ name: 'Ann', platform: 'discord', subject: '1' })
    expect(await problem(post('join', known))).toMatchObject({ status: 403, code: 'not-allowed' })
  })

  it('reads no more members of nobody’s input than one could need', async () => {
    const logitBias = Object.fromEntries(Array.from({ length: 20_000 }, (_, at) => [`k${at}`, 1]))
    const body = JSON.stringify({ model: 'bees', question: 'What is a nuc?', request: { logitBias } })
    const refused = await problem(post('ask', body))
    expect(refused).toMatchObject({ status: 422, title: 'The body has more than 16384 members.' })
  })

  it('refuses an idempotency key that a header should not hold', async () => {
    const headers = { ...json, 'idempotency-key': 'a b' }
    expect(await problem(post('status', '{}', headers))).toMatchObject({ status: 422 })
  })

  it('gives the first call’s answer again under its idempotency key, which pays once', async () => {
    const headers = {
      ...json,
      authorization: `Bearer ${await stage.key()}`,
      'idempotency-key': 'first-question',
    }
    const question = (text: string) => post('ask', JSON.stringify({ model: 'bees', question: text }), headers)
    const first = await question('What is a nuc?')
    expect(first.headers.get('idempotency-key')).toBe('first-question')
    const answer = await first.json()
    expect(await (await question('What is a nuc?')).json()).toEqual(answer)
    expect(answer).toMatchObject({ balanceUnits: '950000' })
    expect(await problem(question('What is a queen?'))).toMatchObject({ status: 409, code: 'key-reused' })
  })

  it('names the field that holds what cannot be stored', async () => {
    for (const odd of ['a\\u0000b', '\\ud800'])
      expect(await problem(post('status', `{"proposal":"${odd}"}`))).toMatchObject({
        status: 422,
        title: expect.stringContaining('input.proposal'),
      })
  })
})
