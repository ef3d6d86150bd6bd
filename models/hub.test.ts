import { spawn } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openFolder } from '../infra/folder.ts'
import { type Asked, type Fault, startHub } from '../infra/testing/hub-server.ts'
import { openBaseFolder } from './base.ts'
import { type DownloadProgress, type FetchOptions, fetchBase } from './hub.ts'
import { openOnnxEngine } from './onnx-engine.ts'
import { encodeSafetensors, parseSafetensors } from './safetensors.ts'

const tiny = join(import.meta.dirname, 'golden/llama-tied/base')
const first = 'a'.repeat(40)
const second = 'b'.repeat(40)
const weights = 'model.safetensors'
const base: Record<string, Buffer> = {
  'README.md': Buffer.from('# A model'),
  'modeling_llama.py': Buffer.from('print()'),
  'pytorch_model.bin': Buffer.from('pickle'),
  'model.gguf': Buffer.from('GGUF'),
}
for (const name of readdirSync(tiny)) base[name] = await readFile(join(tiny, name))
const size = base[weights]!.length
const wanted = ['config.json', weights, 'tokenizer.json', 'tokenizer_config.json']

let cache: string
let hub: Awaited<ReturnType<typeof startHub>>
let model: { main: string; commits: Record<string, Record<string, Buffer>>; licence: string }
let fault: (asked: Asked) => Fault | undefined
let waits: number[]
beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), 'hub-'))
  model = { main: first, commits: { [first]: base }, licence: 'apache-2.0' }
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
const place = (commit = first): string => join(cache, 'some--llama', commit)
const askedFor = (name: string, at: Asked['at'] = 'storage'): Asked[] =>
  hub.asked.filter(asked => asked.at === at && asked.path.endsWith(`/${name}`))
/** The fault for the first answers that hold the weights. */
const onWeights = (...faults: readonly (Fault | undefined)[]): void => {
  const left = [...faults]
  fault = ({ at }) => (at === 'storage' ? left.shift() : undefined)
}
/** Bytes of all that arrives before the weights. */
const before = wanted.reduce((sum, name) => sum + (name === weights ? 0 : base[name]!.length), 0)
/** Whether so many bytes of the weights are here, to the byte: the server holds the rest back. */
const arrived = ({ file, bytes }: DownloadProgress, of: number): boolean =>
  file === weights && bytes - before === of
const cutAt =
  (bytes: number) =>
  (progress: DownloadProgress): void => {
    if (arrived(progress, bytes)) hub.release()
  }
const manifestOf = async (folder: string) => JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8'))

describe('a base from the hub', () => {
  it('is fetched whole, without code and pickles, and computes what the same folder computes', async () => {
    const told: DownloadProgress[] = []
    const folder = await fetched({ onProgress: progress => told.push(progress) })
    expect((await readdir(folder)).toSorted()).toEqual([...wanted, 'manifest.json'].toSorted())
    const opened = await openBaseFolder(folder)
    expect(opened).toMatchObject({ name: `some/llama@${first}`, licence: 'apache-2.0' })
    expect(opened.hash).toBe((await openBaseFolder(tiny)).hash)
    const example = { prompt: 'abc', answer: 'cab' }
    const computed = []
    for (const path of [folder, tiny]) {
      const engine = await openOnnxEngine({ base: path, threads: 1 })
      computed.push((await engine.answerLogProbs(example, null)).logProbs)
      await engine.close()
    }
    expect(computed[0]![0]).toBeLessThan(0)
    expect(computed[0]).toEqual(computed[1])
    const total = wanted.reduce((sum, name) => sum + base[name]!.length, 0)
    expect(told.at(-1)).toMatchObject({ file: weights, bytes: total, total })
    expect(told.at(-1)!.bytesPerSecond).toBeGreaterThan(0)
  })

  it('is there at the next start without any network', async () => {
    const folder = await fetched()
    await hub.close()
    expect(await fetched()).toBe(folder)
    expect(await fetched({}, `some/llama@${first}`)).toBe(folder)
    await expect(fetched({}, 'some/llama@other')).rejects.toMatchObject({
      code: 'base-download',
      retry: true,
    })
    hub = await startHub({}, () => undefined)
  })

  it('stays the commit that its branch was when it was fetched, until another revision is named', async () => {
    const folder = await fetched()
    Object.assign(model, { main: second, commits: { ...model.commits, [second]: base } })
    expect(await fetched()).toBe(folder)
    expect(await fetched({}, `some/llama@${second}`)).toBe(place(second))
  })

  it('may be sharded: the shards are those that the index names', async () => {
    const { tensors } = parseSafetensors(base[weights]!, weights)
    const entries = [...tensors]
    const shards = ['model-1.safetensors', 'model-2.safetensors']
    const weightMap = Object.fromEntries(entries.map(([name], at) => [name, shards[at % 2]]))
    const { [weights]: _, ...rest } = base
    model.commits[first] = {
      ...rest,
      'model.safetensors.index.json': Buffer.from(JSON.stringify({ weight_map: weightMap })),
      'unused.safetensors': Buffer.from('nobody names it'),
      ...Object.fromEntries(
        shards.map((shard, at) => [
          shard,
          Buffer.from(encodeSafetensors(entries.filter((_, index) => index % 2 === at))),
        ]),
      ),
    }
    const folder = await fetched()
    expect([...(await openBaseFolder(folder)).files.keys()].filter(name => name.includes('model'))).toEqual([
      ...shards,
      'model.safetensors.index.json',
    ])
    const engine = await openOnnxEngine({ base: folder, threads: 1 })
    await engine.close()
  })
})

describe('a download that is cut', () => {
  it('goes on from where it stopped', async () => {
    onWeights({ holdAfter: 200_000 })
    await openBaseFolder(await fetched({ onProgress: cutAt(200_000) }))
    expect(askedFor(weights).map(({ headers }) => headers.range)).toEqual([undefined, 'bytes=200000-'])
    expect(askedFor(weights)[0]!.headers['accept-encoding']).toBe('identity')
    expect(askedFor(weights)[1]!.headers['if-range']).toMatch(/^"[0-9a-f]{64}"$/)
    expect(waits).toEqual([1000])
  })

  it('begins anew where the server ignores ranges', async () => {
    onWeights({ holdAfter: 200_000 }, { ignoreRange: true })
    await openBaseFolder(await fetched({ onProgress: cutAt(200_000) }))
    expect(askedFor(weights)).toHaveLength(2)
  })

  it('begins anew where the file is another one by now', async () => {
    const old = Buffer.alloc(size, 7)
    onWeights({ body: old, etag: '"old"', holdAfter: 1000 })
    await openBaseFolder(await fetched({ onProgress: cutAt(1000) }))
    expect(askedFor(weights).map(({ headers }) => headers['if-range'])).toEqual([undefined, '"old"'])
  })

  it('goes on in the next process after a kill, and is no base before its end', async () => {
    onWeights({ holdAfter: 300_000 })
    const url = (path: string): string => JSON.stringify(new URL(path, import.meta.url).href)
    const code = `import { fetchBase } from ${url('./hub.ts')}
import { openFolder } from ${url('../infra/folder.ts')}
await fetchBase('some/llama', { cache: ${JSON.stringify(cache)}, endpoint: '${hub.endpoint}', hold: openFolder,
  onProgress: ({ file, bytes }) => file === '${weights}' && console.log(bytes) })`
    const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const ended = new Promise(done => child.on('exit', (_, signal) => done(signal)))
    for await (const piece of child.stdout)
      if (
        String(piece)
          .split('\n')
          .some(line => Number(line) >= 300_000)
      )
        break
    child.kill('SIGKILL')
    expect(await ended).toBe('SIGKILL')
    expect(existsSync(place())).toBe(false)
    const folder = await fetched()
    await openBaseFolder(folder)
    expect(askedFor(weights).map(({ headers }) => headers.range)).toEqual([undefined, 'bytes=300000-'])
    expect(askedFor('tokenizer.json', 'hub')).toHaveLength(2)
  })

  it('never mixes two commits: where the branch moved meanwhile, all is read at the new one', async () => {
    onWeights({ holdAfter: 1000 })
    const stop = new AbortController()
    const aborted = fetched({
      signal: stop.signal,
      onProgress: progress => arrived(progress, 1000) && stop.abort(),
    })
    await expect(aborted).rejects.toMatchObject({ name: 'AbortError' })
    expect((await stat(join(`${place()}.partial`, `${weights}.part`))).size).toBe(1000)
    const newer = { ...base, 'tokenizer_config.json': Buffer.from('{}') }
    Object.assign(model, { main: second, commits: { ...model.commits, [second]: newer } })
    const folder = await fetched()
    expect(await manifestOf(folder)).toMatchObject({ name: `some/llama@${second}` })
    expect(await readFile(join(folder, 'tokenizer_config.json'), 'utf8')).toBe('{}')
    expect((await readdir(join(cache, 'some--llama'))).filter(name => name.endsWith('.partial'))).toEqual([])
  })

  it('is refused to a second process while the first is at it', async () => {
    onWeights({ holdAfter: 1000 })
    let other: Promise<unknown> | undefined
    await fetched({
      onProgress: progress => {
        if (other !== undefined || !arrived(progress, 1000)) return
        other = fetched().catch(error => error)
        void other.then(() => hub.release())
      },
    })
    expect(await other).toMatchObject({ code: 'base-download', retry: true })
  })
})

describe('a wrong hash', () => {
  const wrong = Buffer.alloc(size, 1)
  it('costs the file and one more try from zero', async () => {
    onWeights({ body: wrong, etag: '"x"' })
    await openBaseFolder(await fetched())
    expect(askedFor(weights).map(({ headers }) => headers.range)).toEqual([undefined, undefined])
  })

  it.each([
    ['of the same length', weights, wrong],
    ['that is longer', weights, Buffer.alloc(size + 5000, 1)],
    ['of a small file', 'tokenizer.json', Buffer.alloc(base['tokenizer.json']!.length, 32)],
  ])('%s is the fault base-download the second time, naming the file', async (_, name, body) => {
    fault = ({ path }) =>
      path.endsWith(`/${name}`) && !path.includes('/resolve/') ? { body, etag: '"x"' } : undefined
    await expect(fetched()).rejects.toMatchObject({
      code: 'base-download',
      retry: true,
      facts: { file: name },
    })
    expect(existsSync(place())).toBe(false)
    expect(existsSync(join(`${place()}.partial`, `${name}.part`))).toBe(false)
  })

  it('of a file that shrank is the fault base-download, after a bounded number of tries', async () => {
    fault = ({ at }) => (at === 'storage' ? { body: Buffer.alloc(1000), etag: '"x"' } : undefined)
    await expect(fetched()).rejects.toMatchObject({ code: 'base-download', retry: true })
  })
})
