import { execFile } from 'node:child_process'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { as, ids, NOW } from '../../testing/small-network.ts'
import { verbs } from '../../verbs.ts'
import { openStage, type Stage } from '../testing/stage.ts'
import { serveOnStdio } from './stdio.ts'
import { type Answers, type Era, openClient } from './testing/client.ts'

const root = join(import.meta.dirname, '../../..')
const program = join(root, 'infra/main.ts')

describe('tributary mcp', () => {
  let stage: Stage
  let key: string
  const closers: (() => Promise<unknown>)[] = []
  beforeAll(async () => {
    stage = await openStage()
    key = await stage.key()
  })
  afterEach(async () => {
    for (const close of closers.splice(0)) await close()
  })
  afterAll(() => stage.close())

  const start = async (era: Era, answers: Answers) => {
    const { client, asked } = openClient(era, answers)
    const env = { TRIBUTARY_URL: stage.url, TRIBUTARY_KEY: await stage.key(), PATH: process.env.PATH ?? '' }
    await client.connect(
      new StdioClientTransport({ command: process.execPath, args: [program, 'mcp'], env, stderr: 'inherit' }),
    )
    closers.push(() => client.close())
    return { client, asked }
  }

  it.each<Era>(['modern', 'legacy'])('speaks on stdio for a node elsewhere, %s era', async era => {
    const { client, asked } = await start(era, () => (asked.length > 1 ? 'accept' : 'decline'))
    const told: string[] = []
    const ask = () =>
      client.callTool(
        { name: 'ask', arguments: { model: 'bees', question: `From the ${era} era?` } },
        { onprogress: ({ message }) => told.push(message ?? '') },
      )
    expect(await ask()).toMatchObject({ isError: true, structuredContent: { code: 'declined' } })
    expect(await ask()).toMatchObject({ structuredContent: { answer: `You asked: From the ${era} era?` } })
    // The client's own progress, of its questions to the person, comes before the node's.
    expect(told.join('').endsWith(`You asked: From the ${era} era?`), told.join('')).toBe(true)
    expect(asked).toHaveLength(2)
    await expect(client.callTool({ name: 'settle', arguments: {} })).rejects.toThrow(/settle/)
  })

  it('speaks as the user of this machine for the node that runs on the data folder', async () => {
    await stage.network.db.query(
      `insert into identities (platform, subject, account_id, created_at) values ('terminal', $1, $2, $3)`,
      [userInfo().username, ids.ann, NOW],
    )
    const { client } = openClient('modern')
    const env = { TRIBUTARY_DATA: stage.network.folder, PATH: process.env.PATH ?? '' }
    await client.connect(new StdioClientTransport({ command: process.execPath, args: [program, 'mcp'], env }))
    closers.push(() => client.close())
    expect(await client.callTool({ name: 'status', arguments: {} })).toMatchObject({
      structuredContent: { me: { name: 'Ann' } },
    })
  })

  it('answers what the node refuses, with its words', async () => {
    const { client } = openClient('legacy')
    const env = { TRIBUTARY_URL: stage.url, TRIBUTARY_KEY: `${key}x`, PATH: process.env.PATH ?? '' }
    const transport = new StdioClientTransport({ command: process.execPath, args: [program, 'mcp'], env })
    closers.push(() => client.close())
    await expect(client.connect(transport)).rejects.toThrow(/key/i)
  })

  it('can be looked at with the Inspector, over HTTP and on stdio', async () => {
    const nobody = ['--transport', 'http', '--server-url', `${stage.url}mcp`]
    expect(await inspect(nobody, 'tools/list')).toMatchObject({
      tools: expect.arrayContaining([expect.objectContaining({ name: 'models' })]),
    })
    const words = [
      '-e',
      `TRIBUTARY_URL=${stage.url}`,
      '-e',
      `TRIBUTARY_KEY=${key}`,
      process.execPath,
      program,
      'mcp',
    ]
    expect(await inspect(words, 'tools/call', '--tool-name', 'models')).toMatchObject({
      structuredContent: { models: [{ name: 'bees' }] },
    })
  })

  /** Runs the Inspector's command line and reads what it prints. */
  const inspect = (target: readonly string[], method: string, ...more: readonly string[]): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const inspector = join(root, 'node_modules/.bin/mcp-inspector')
      const words = [inspector, '--cli', ...target, '--method', method, ...more]
      execFile(process.execPath, words, { maxBuffer: 2 ** 24 }, (error, stdout, stderr) =>
        error === null
          ? resolve(JSON.parse(stdout))
          : reject(new Error(`${error.message}\n${stdout}\n${stderr}`)),
      )
    })

  it('serves by itself where no node runs, and ends with its client', async () => {
    const [input, output] = [new PassThrough(), new PassThrough()]
    const served = serveOnStdio(stage.network, verbs, as(ids.ann), { input, output })
    const lines = output.setEncoding('utf8')[Symbol.asyncIterator]()
    const say = async (message: object): Promise<unknown> => {
      input.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)
      return JSON.parse((await lines.next()).value)
    }
    const params = {
      protocolVersion: '2025-11-25',
      capabilities: {},
      clientInfo: { name: 'test', version: '1' },
    }
    expect(await say({ id: 1, method: 'initialize', params })).toMatchObject({
      result: { serverInfo: { name: 'tributary' } },
    })
    input.write(`${JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' })}\n`)
    expect(
      await say({ id: 2, method: 'tools/call', params: { name: 'account', arguments: {} } }),
    ).toMatchObject({
      result: { structuredContent: expect.anything() },
    })
    input.end()
    await served
  })
})
