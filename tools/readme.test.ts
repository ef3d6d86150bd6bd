import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import type { Verb } from './registry.ts'
import { verbs } from './verbs.ts'

const path = fileURLToPath(new URL('README.md', import.meta.url))
const opening = '<!-- verbs -->\n'
const closing = '<!-- /verbs -->\n'

const line = ({ name, who, effect, summary }: Verb): string =>
  `| \`${name}\` | ${who.join(', ')} | ${effect} | ${summary.replaceAll('|', '\\|')} |\n`

const table = `| verb | who | effect | what it does |\n|---|---|---|---|\n${verbs.map(line).join('')}`

test('README.md lists every verb as it is declared (else: npx vitest run tools/readme.test.ts -u)', async () => {
  const text = readFileSync(path, 'utf8')
  const [before, after] = [text.indexOf(opening) + opening.length, text.indexOf(closing)]
  expect(after, 'the marks of the table stand in README.md').toBeGreaterThan(before - 1)
  await expect(text.slice(0, before) + table + text.slice(after)).toMatchFileSnapshot(path)
})

test('every verb has a name of its own and says what it does in one sentence', () => {
  expect(new Set(verbs.map(verb => verb.name)).size).toBe(verbs.length)
  for (const { name, summary } of verbs) expect(summary, name).toMatch(/^[A-Z][^\n]*\.$/)
})
