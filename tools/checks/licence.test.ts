import { expect, test } from 'vitest'
import { licence } from './licence.ts'
import { finder } from './testing-rows.ts'

const verdict = (text: string): string => finder(licence)({ licence: text }).verdict

test('an allowed licence passes, alone or as one choice of several', () => {
  for (const text of ['CC0-1.0', ' CC-BY-4.0 ', 'GPL-3.0-only OR CC-BY-4.0', 'MIT AND CC0-1.0'])
    expect(verdict(text)).toBe('pass')
})

test('what the datanet does not take is refused, also as a part that binds', () => {
  for (const text of [
    'CC-BY-NC-4.0',
    'CC0-1.0 AND CC-BY-NC-4.0',
    'GPL-2.0-or-later',
    'MIT WITH Classpath-exception-2.0',
  ])
    expect(verdict(text)).toBe('refuse')
})

test('what SPDX does not know is refused, and a near miss is told its name', () => {
  expect(verdict('All rights reserved')).toBe('refuse')
  expect(verdict('')).toBe('refuse')
  expect(finder(licence)({ licence: 'CC BY 4.0' }).fix).toContain('CC-BY-4.0')
  expect(finder(licence)({ licence: 'cc0' }).fix).toContain('CC0-1.0')
})
