import { spawnSync } from 'node:child_process'
import { expect, it } from 'vitest'

const run = (code: string) => {
  const program = `
    import { openLog } from './infra/log.ts'
    import { logWhatNobodyCaught } from './infra/last-resort.ts'
    logWhatNobodyCaught(openLog({ level: 'info' }))
    setImmediate(() => process.stdout.write('still here'))
    ${code}`
  const options = { input: program, cwd: `${import.meta.dirname}/..`, encoding: 'utf8' } as const
  return spawnSync(process.execPath, ['--input-type=module', '-'], options)
}

it('a rejection that nobody caught is logged and ends nothing', () => {
  const { status, stdout, stderr } = run(
    `Promise.reject(Object.assign(new Error('honey'), { code: 'x', body: 'honey' }))`,
  )
  expect({ status, stdout }).toEqual({ status: 0, stdout: 'still here' })
  const line = JSON.parse(stderr)
  expect(line).toMatchObject({ event: 'node.unhandled-rejection', kind: 'Error', code: 'x' })
  expect(line.incident).toMatch(/^[0-9a-f-]{36}$/)
  expect(stderr).not.toContain('honey')
})

it('an exception that nobody caught is logged, and ends the process', () => {
  const { status, stdout, stderr } = run(`throw new TypeError('honey')`)
  expect(status).not.toBe(0)
  expect(stdout).toBe('')
  expect(JSON.parse(stderr.split('\n')[0] ?? '')).toMatchObject({
    event: 'node.uncaught-exception',
    kind: 'TypeError',
  })
})
