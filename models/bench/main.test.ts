import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { groups } from './groups.ts'
import { benchOptions } from './main.ts'

test('every group runs unless some are named', () => {
  expect(benchOptions([]).only).toEqual(['training', 'serving', 'peers'])
  expect(benchOptions(['--only', 'peers,serving']).only).toEqual(['peers', 'serving'])
})

test('unknown groups and impossible threads are refused together', () => {
  expect(() => benchOptions(['--only', 'speed', '--threads', '0'])).toThrow(
    /no group speed; 0 is no number of threads/,
  )
})

test('the files of all groups exist', () => {
  for (const [file] of Object.values(groups).flat())
    expect(existsSync(join(import.meta.dirname, file))).toBe(true)
})
