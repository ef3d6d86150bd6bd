import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { TributaryClient, type VerbInput, type VerbName, type VerbOutput } from 'tributary'
import { afterAll, beforeAll, describe, expect, expectTypeOf, it } from 'vitest'
import { TributaryClient as OwnClient } from './index.ts'

const root = resolve(import.meta.dirname, '../..')

const program = `
import { registerHooks } from 'node:module'
const loaded = []
registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) })
const exported = Object.keys(await import('tributary'))
console.log(JSON.stringify({ loaded, exported }))
`

describe('the package', () => {
  let app: string
  beforeAll(async () => {
    app = await mkdtemp(join(tmpdir(), 'tributary-app-'))
    await mkdir(join(app, 'node_modules'))
    await symlink(root, join(app, 'node_modules', 'tributary'))
    await writeFile(join(app, 'app.mjs'), program)
  })
  afterAll(() => rm(app, { recursive: true, force: true }))

  it('is imported by an app outside, and loads no engine, database, chain, chat platform or LangChain', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, ['app.mjs'], { cwd: app })
    const { loaded, exported } = JSON.parse(stdout) as { loaded: string[]; exported: string[] }
    expect(exported).toEqual(expect.arrayContaining(['TributaryClient', 'tools', 'verify', 'TributaryError']))
    expect(loaded.length).toBeGreaterThan(5)
    const heavy =
      /onnxruntime|\/pg\/|pglite|viem|discord|grammy|langchain|@x402|zod|hono|\/(models|bots|agents)\//
    expect(loaded.filter(url => heavy.test(url))).toEqual([])
  })

  it('is the client of this folder', () => {
    expect(TributaryClient).toBe(OwnClient)
  })

  it('types every call by its verb', () => {
    expectTypeOf<'ask'>().toExtend<VerbName>()
    expectTypeOf<VerbInput<'ask'>['question']>().toEqualTypeOf<string>()
    expectTypeOf<VerbOutput<'ask'>['priceUnits']>().toEqualTypeOf<string>()
    const client = new TributaryClient({ url: 'http://127.0.0.1:1' })
    const answer = () => client.call('ask', { model: 'bees', question: 'Why?' })
    expectTypeOf(answer).returns.resolves.toHaveProperty('receiptId')
    // @ts-expect-error: there is no such verb
    expectTypeOf(() => client.call('fly', {})).toBeFunction()
    // @ts-expect-error: a question needs a model
    expectTypeOf(() => client.call('ask', { question: 'Why?' })).toBeFunction()
  })
})
