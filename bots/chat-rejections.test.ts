import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

const run = promisify(execFile)
const script = join(import.meta.dirname, 'testing/broken-node.ts')

describe('a process of the bots', () => {
  it('stands while listeners throw, verbs reject, and malformed events come', async () => {
    // Node ends a process by its first rejection that nobody handles: that is what must not happen.
    const { stdout, stderr } = await run(process.execPath, ['--unhandled-rejections=throw', script], {
      timeout: 50_000,
    })
    expect(stderr.replaceAll(/^.*ExperimentalWarning.*\n|^\(Use .*\n/gm, '')).toBe('')
    expect(stdout).toMatch(/^stands after \d{2,} lines and \d{1,} malformed events\n$/)
  })
})
