import { existsSync, readdirSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openFolder } from '../../infra/folder.ts'
import { type Asked, type FakeModel, type Fault, startHub } from '../../infra/testing/hub-server.ts'
import { type FetchOptions, fetchBase } from '../hub.ts'

const tiny = join(import.meta.dirname, '../golden/llama-tied/base')
const commit = 'a'.repeat(40)
const base: Record<string, Buffer> = {}
for (const name of readdirSync(tiny)) base[name] = await readFile(join(tiny, name))

let cache: string
let hub: Awaited<ReturnType<typeof startHub>>
let model: FakeModel
let fault: (asked: Asked) => Fault | undefined
let waits: number[]
beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), 'hub-'))
  model = { main: commit, commits: { [commit]: { ...base } } }
  fault = () => undefined
  waits = []
  hub = await startHub({ 'some/llama': model }, asked => fault(asked))
})
afterEach(async () => {
  await hub.close()
  await rm(cache, { recursive: true, force: true })
})

const fetched = (options: Partial<FetchOptions> = {}, id = 'some/llama'): Promise<string> =>
  fetchBase(id, {
    cache,
    endpoint: hub.endpoint,
    hold: openFolder,
    wait: async ms => void waits.push(ms),
    ...options,
  })
const weightsAsked = (): number => hub.asked.filter(({ at }) => at === 'storage').length

describe('a hub that is busy', () => {
  it('is asked again after as long as it says', async () => {
    const left: Fault[] = [{ status: 429, headers: { 'retry-after': '7' } }, { status: 503 }]
    fault = ({ path }) => (path.includes('/tree/') ? left.shift() : undefined)
    await fetched()
    expect(waits).toEqual([7000, 2000])
  })

  it('is given up after five tries, and a later start may succeed', async () => {
    fault = ({ at }) => (at === 'storage' ? { status: 500 } : undefined)
    await expect(fetched()).rejects.toMatchObject({
      code: 'base-download',
      retry: true,
      message: expect.stringContaining('500'),
    })
    expect(waits).toEqual([1000, 2000, 4000, 8000])
  })

  it('is not waited for longer than five minutes', async () => {
    fault = () => ({ status: 429, headers: { 'retry-after': '3600' } })
    await expect(fetched()).rejects.toMatchObject({ code: 'base-download', retry: true })
    expect(waits).toEqual([])
  })
})

describe('a hub that refuses', () => {
  it.each([
    [404, {}, 'base-not-found'],
    [401, { 'x-error-code': 'RepoNotFound' }, 'base-not-found'],
    [401, {}, 'base-forbidden'],
    [403, { 'x-error-code': 'GatedRepo' }, 'base-forbidden'],
    [400, {}, 'base-download'],
  ])('with %i %o is the fault %s at once, and a retry does not help', async (status, headers, code) => {
    fault = () => ({ status, headers: { ...headers } })
    await expect(fetched()).rejects.toMatchObject({ code, retry: false })
    expect(hub.asked).toHaveLength(1)
  })

  it('says what to do about a gated model', async () => {
    fault = ({ path }) => (path.includes('/resolve/') ? { status: 403 } : undefined)
    await expect(fetched()).rejects.toMatchObject({
      code: 'base-forbidden',
      fix: expect.stringMatching(/licence at .*\/some\/llama and set HF_TOKEN/),
    })
  })
})

describe('a token', () => {
  it('is sent to the hub, and to nobody to whom the hub redirects', async () => {
    await fetched({ token: 'hf_secret' })
    const bearers = (at: Asked['at']) =>
      new Set(hub.asked.filter(asked => asked.at === at).map(({ headers }) => headers.authorization))
    expect(bearers('hub')).toEqual(new Set(['Bearer hf_secret']))
    expect(bearers('storage')).toEqual(new Set([undefined]))
  })

  it('is in no error, even where no request can carry it', async () => {
    fault = () => ({ status: 500 })
    for (const token of ['hf_secret', 'hf_\nsecret', 'hf_sécret']) {
      const error = await fetched({ token }).catch(caught => caught)
      expect(error.code).toMatch(/^base-/)
      for (let cause = error; cause instanceof Error; cause = cause.cause)
        expect(`${cause.stack} ${JSON.stringify(cause)}`).not.toMatch(/s[eé]cret/)
    }
  })
})

describe('what a hub says', () => {
  it.each(['http://example.invalid/weights', 'file:///etc/passwd'])('does not lead to %s', async location => {
    fault = ({ path }) =>
      path.endsWith('/model.safetensors') ? { status: 302, headers: { location } } : undefined
    await expect(fetched()).rejects.toMatchObject({
      code: 'base-download',
      message: expect.stringContaining('https'),
    })
  })

  it('does not lead in circles', async () => {
    fault = ({ path }) => ({ status: 302, headers: { location: path } })
    await expect(fetched()).rejects.toMatchObject({ code: 'base-download', retry: false })
    expect(hub.asked.length).toBeLessThan(10)
  })

  it.each(['../../evil.json', '/etc/evil', 'a/../../evil', 'a\\..\\evil', 'C:evil'])(
    'may not list the path %s',
    async path => {
      model.commits[commit] = { [path]: Buffer.from('evil'), ...base }
      await expect(fetched()).rejects.toMatchObject({
        code: 'base-download',
        message: expect.stringContaining('path'),
      })
      expect(weightsAsked()).toBe(0)
    },
  )

  it.each(['../evil.safetensors', 'absent.safetensors'])('may not name the shard %s', async shard => {
    const { 'model.safetensors': weights, ...rest } = base
    const index = Buffer.from(JSON.stringify({ weight_map: { 'lm_head.weight': shard } }))
    model.commits[commit] = { ...rest, 'x.safetensors': weights!, 'model.safetensors.index.json': index }
    await expect(fetched()).rejects.toMatchObject({
      code: 'base-download',
      message: expect.stringContaining('evil' === shard.slice(3, 7) ? 'evil' : 'absent'),
    })
  })

  it('decides before any weights are fetched whether the model can be run', async () => {
    model.commits[commit]!['config.json'] = Buffer.from(
      JSON.stringify({ ...JSON.parse(String(base['config.json'])), model_type: 'gpt2' }),
    )
    await expect(fetched()).rejects.toMatchObject({ code: 'base-unsupported' })
    expect(weightsAsked()).toBe(0)
  })

  it('lacks what a base needs, all of it named at once', async () => {
    model.commits[commit] = { 'config.json': base['config.json']!, 'model.gguf': Buffer.from('GGUF') }
    await expect(fetched()).rejects.toMatchObject({
      code: 'base-missing',
      message: 'some/llama holds no tokenizer.json, no model.safetensors.',
    })
  })

  it('is compared with the free disk before any weights are fetched', async () => {
    await expect(fetched({ freeBytes: async () => 600_000 })).rejects.toMatchObject({
      code: 'base-download',
      retry: false,
      message: expect.stringContaining('missing'),
      facts: { free: 600_000, missing: expect.any(Number) },
    })
    expect(weightsAsked()).toBe(0)
    expect(existsSync(join(cache, 'some--llama', commit))).toBe(false)
  })
})

it('an address that is neither https nor on this machine is refused', async () => {
  await expect(fetched({ endpoint: 'http://hub.example.com' })).rejects.toMatchObject({
    code: 'base-download',
  })
})
