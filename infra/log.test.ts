import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openLog } from './log.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'log-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

it('writes one JSON line an event, with secrets and people’s words replaced by name', async () => {
  const file = join(folder, 'log.jsonl')
  const log = openLog({ level: 'info', destination: file }).with({ flow: 'f1' })
  log.info('key.used', { seed: 'abc', question: 'who?', epoch: 3 })
  log.warn('job.failed', { error: new Error('no') })
  const [first, second] = (await readFile(file, 'utf8'))
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as Record<string, unknown>)
  expect(first).toMatchObject({
    event: 'key.used',
    flow: 'f1',
    epoch: 3,
    seed: '[redacted]',
    question: '[redacted]',
  })
  expect(JSON.stringify(second)).toContain('no')
})

it('takes the secret out of an API key wherever it stands', async () => {
  const file = join(folder, 'log.jsonl')
  const secret = 'x-'.repeat(21).concat('y')
  openLog({ level: 'info', destination: file }).error('request.failed', {
    error: new Error(`Refused "Bearer trib_abc123def456_${secret}".`),
  })
  const line = await readFile(file, 'utf8')
  expect(line).toContain('trib_abc123def456_[redacted]')
  expect(line).not.toContain(secret)
})

it('leaves out what the database shows of a row that it refused', async () => {
  const file = join(folder, 'log.jsonl')
  const error = Object.assign(new Error('null value in a column'), {
    detail: 'Failing row contains (what somebody wrote).',
  })
  openLog({ level: 'info', destination: file }).error('request.failed', { error })
  const line = await readFile(file, 'utf8')
  expect(line).toContain('null value in a column')
  expect(line).not.toContain('somebody')
})
