import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { Hono } from 'hono'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { verbs } from '../../verbs.ts'
import { door } from '../access.ts'
import { toldOf } from '../faults.ts'
import type { Env, Gate } from '../gate.ts'
import { mcpRoutes } from '../mcp.ts'
import { type Listening, openServer } from '../server.ts'
import { openStage, type Stage } from '../testing/stage.ts'
import { conformanceFixtures } from './testing/fixtures.ts'

const require = createRequire(import.meta.url)
const conformance = join(
  dirname(require.resolve('@modelcontextprotocol/conformance/package.json')),
  'dist/index.js',
)

interface Ran {
  readonly code: number
  readonly output: string
}

// What it reports of `tasks-` is an extension that is not offered: work here ends with its answer or its own verbs show it.
describe('the conformance suite of MCP', () => {
  let stage: Stage
  let server: Listening
  const closing = new AbortController()

  beforeAll(async () => {
    stage = await openStage()
    const gate: Gate = {
      network: stage.network,
      verbs,
      settings: {
        TRIBUTARY_ANONYMOUS_RATE: 100_000,
        TRIBUTARY_CORS: [],
        TRIBUTARY_WEBHOOKS: 'public',
        X402_FACILITATOR_URL: undefined,
      },
      closing: closing.signal,
      address: () => server,
    }
    const app = new Hono<Env>()
    door(app, gate)
    app.route('/', mcpRoutes(gate, conformanceFixtures))
    app.onError((error, c) => {
      const { status, code } = toldOf(error, stage.network.log, c.get('requestId'))
      return Response.json({ code }, { status })
    })
    server = await openServer((request, bindings) => app.fetch(request, bindings), { port: 0 })
  })
  afterAll(async () => {
    await server.close(() => closing.abort())
    await stage.close()
  })

  const run = (revision: string): Promise<Ran> =>
    new Promise(resolve => {
      const words = [conformance, 'server', '--url', `${server.url}mcp`, '--requirements', revision]
      execFile(process.execPath, words, { maxBuffer: 2 ** 26 }, (error, stdout, stderr) =>
        resolve({ code: typeof error?.code === 'number' ? error.code : 0, output: stdout + stderr }),
      )
    })

  it.each(['2025-11-25', '2026-07-28'])('has nothing to say against revision %s', async revision => {
    const { code, output } = await run(revision)
    const failed = output.split('=== SUMMARY ===')[1]?.match(/^✗ [\w-]+/gm)
    expect((failed ?? []).filter(line => !/^✗ tasks-/.test(line))).toEqual([])
    expect(code, output.slice(-3000)).toBe(0)
    expect(output).toMatch(/^Total: \d{2,} passed/m)
  })
})
