import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, it, vi } from 'vitest'
import { say } from './command.ts'

afterEach(() => void vi.restoreAllMocks())

it('says what others wrote without what would steer the terminal', () => {
  const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true)
  say('q_proj, \u001b]0;mine\u0007v_proj\r\nnext')
  expect(write).toHaveBeenCalledWith('q_proj, ]0;minev_proj\nnext\n')
})

it('tells a refusal the same way', () => {
  const program = fileURLToPath(new URL('../main.ts', import.meta.url))
  const words = ['import', 'dataset', '/nowhere/\u001b[2Jrows.jsonl', '--model', 'bees']
  const { status, stderr } = spawnSync(process.execPath, [program, ...words], { encoding: 'utf8' })
  expect([status, stderr.split('\n')[0]]).toEqual([1, 'The file /nowhere/[2Jrows.jsonl cannot be read.'])
})
