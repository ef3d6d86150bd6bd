import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { sampleRows } from '../../tools/own-models/testing.ts'
import { readSettings } from '../env.ts'
import { writeTinyBase } from '../testing/tiny-base.ts'
import { exportThing } from './export.ts'
import { importThing } from './import.ts'
import { withNodeHere } from './node-here.ts'
import { nameFrom, quickstart } from './quickstart.ts'

let folder: string
let said: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tributary-quickstart-'))
  vi.stubEnv('TRIBUTARY_DATA', join(folder, 'data'))
  vi.stubEnv('TRIBUTARY_BASE', join(folder, 'base'))
  vi.stubEnv('TRIBUTARY_THREADS', '1')
  vi.stubEnv('TRIBUTARY_PORT', '0')
  said = ''
  vi.spyOn(process.stdout, 'write').mockImplementation(text => {
    said += String(text)
    return true
  })
})
afterEach(async () => {
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
  await rm(folder, { recursive: true, force: true })
})

const found = (pattern: RegExp): string => pattern.exec(said)?.[1] ?? `nothing like ${pattern} in ${said}`

test('a dataset file becomes a model that answers over the API, leaves as a PEFT folder and comes back', {
  timeout: 120_000,
}, async () => {
  await writeTinyBase(join(folder, 'base'), 1)
  const file = join(folder, 'Bees 1.jsonl')
  const rows = await sampleRows(26)
  await writeFile(
    file,
    `${rows.map(row => JSON.stringify({ prompt: row.question, completion: row.answer })).join('\n')}\nnothing\n`,
  )
  const stated = ['--licence', 'CC0-1.0', '--rights', 'yes']
  // One node for all commands; without it each would start its own.
  await withNodeHere(readSettings(process.env), async ({ operator, me }) => {
    expect(await quickstart.run([file, ...stated])).toBe(0)
    expect(said).toMatch(/26 rows read, 1 left out:\n {2}line 27: it is not JSON\n/)
    expect(said).toMatch(
      /held-out loss \d+\.\d+ -> \d+\.\d+ nats a token, \d+\.\d% lower\nmodel {2}bees-1@1\n/,
    )
    const response = await fetch(`${found(/^url +(\S+)$/m)}/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${found(/^key +(\S+)$/m)}` },
      body: /-d '(.+)'$/m.exec(said)?.[1] ?? '',
    })
    expect(response.status).toBe(200)
    expect(response.headers.get('x-tributary-receipt')).toMatch(/^[0-9a-f-]{36}/)

    said = ''
    await quickstart.run([file, ...stated])
    expect(said, 'the same file changes nothing').toContain('model  bees-1@1')

    const to = join(folder, 'peft')
    expect(await exportThing.run(['hf', 'bees-1', '--to', to])).toBe(0)
    expect(await readFile(join(to, 'README.md'), 'utf8')).toContain('library_name: peft')
    expect(await importThing.run(['adapter', to, '--name', 'back-bees', '--licence', 'CC0-1.0'])).toBe(0)
    expect(said).toContain('its 16 rows are known here')

    await expect(importThing.run(['dataset', file, '--model', 'bees-1', ...stated])).rejects.toMatchObject({
      code: 'wrong-state',
    })
    await me.call('deposit', { tokens: '20' })
    await me.call('propose', {
      name: 'wasp-help',
      purpose: 'Answers what new beekeepers ask about wasps and bees.',
      dataWanted: 'Questions of beekeepers with short answers.',
      rowsWanted: 10,
      evaluation: Array.from({ length: 10 }, (_, at) => ({
        question: `Is hive ${at} fed?`,
        answer: `In week ${at}.`,
      })),
    })
    await me.call('vote', { proposal: 'wasp-help', choice: 'yes' })
    await operator.call('advance', { seconds: 601 })
    await vi.waitUntil(
      async () => (await me.call('status', { proposal: 'wasp-help' })).proposals[0]?.state === 'gathering',
      { timeout: 60_000, interval: 200 },
    )
    const bad = join(folder, 'bad.csv')
    await writeFile(
      bad,
      `question,answer\n${rows
        .slice(0, 3)
        .map(row => `"${row.question}","${row.answer}"`)
        .join('\n')}\nWho keeps the key?,Write to anna@example.org for it.\nWhy?,Because it is.\n`,
    )
    said = ''
    expect(await importThing.run(['dataset', bad, '--model', 'wasp-help', ...stated])).toBe(0)
    expect(said).toMatch(
      /^5 rows read\nline 5: refused: The row contains an e-mail address\.\nline 6: refused: The question is too short.+\n3 accepted, 2 refused\n$/,
    )
  })
})

test('nothing is done before the rights are stated', async () => {
  const file = join(folder, 'bees.csv')
  await writeFile(file, 'question,answer\na?,b\n')
  await expect(quickstart.run([file])).rejects.toMatchObject({ code: 'licence-missing' })
  await expect(quickstart.run([file, '--licence', 'MIT', '--rights', 'no'])).rejects.toMatchObject({
    code: 'rights-missing',
  })
})

test.each([
  ['/tmp/Bees & Wasps (v2).jsonl', 'bees-wasps-v2'],
  ['2024-faq.csv', 'faq'],
  ['問.csv', 'my-model'],
])('the model of %s is named %s', (file, name) => {
  expect(nameFrom(file)).toBe(name)
})
