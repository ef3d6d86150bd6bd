import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openStage, type Stage } from '../testing/stage.ts'

const run = promisify(execFile)
const readme = fileURLToPath(new URL('../../../README.md', import.meta.url))

/** The shell blocks between the marks. */
const examplesOf = (text: string): string[] =>
  [...text.matchAll(/<!-- curl -->([\s\S]*?)<!-- \/curl -->/g)].flatMap(([, marked = '']) =>
    [...marked.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block = '']) => block.trim()),
  )

let stage: Stage
let home: string
beforeAll(async () => {
  stage = await openStage()
  home = await mkdtemp(join(tmpdir(), 'tributary-curl-'))
  // A refusal fails the example, whose text stays as a reader types it.
  await writeFile(join(home, '.curlrc'), 'fail-with-body\nsilent\nshow-error\n')
})
afterAll(async () => {
  await stage.close()
  await rm(home, { recursive: true, force: true })
})

it('the curl examples of README.md work as they stand', async () => {
  const examples = examplesOf(await readFile(readme, 'utf8'))
  expect(examples.length).toBeGreaterThanOrEqual(4)
  const env = { PATH: process.env.PATH ?? '', CURL_HOME: home, TRIBUTARY_KEY: await stage.key() }
  for (const example of examples) {
    expect(example).toMatch(/^curl /)
    const command = example.replaceAll('http://127.0.0.1:4380/', stage.url).replaceAll('beekeepers', 'bees')
    const { stdout } = await run('sh', ['-c', command], { env, timeout: 10_000 })
    const events = [...stdout.matchAll(/^data: (\{.*)$/gm)].map(([, data = '']) => data)
    const told = (events.length > 0 ? events : [stdout]).map(text => JSON.parse(text) as object)
    for (const item of told) expect(item).not.toHaveProperty('error.message')
    expect(['list', 'chat.completion', undefined]).toContain(Reflect.get(told.at(-1) ?? {}, 'object'))
    if (events.length > 0) expect(told.at(-1)).toMatchObject({ type: 'response.completed' })
  }
})
