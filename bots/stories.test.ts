import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestDatabase, type TestDatabase } from '../infra/testing/database.ts'
import { recordDiscord, recordTelegram, recordTerminal, recordWeb } from './testing/recorded-stories.ts'

const path = fileURLToPath(new URL('../README.md', import.meta.url))
const opening = '<!-- stories -->\n'
const closing = '<!-- /stories -->\n'

let opened: TestDatabase
beforeAll(async () => {
  opened = await openTestDatabase()
})
afterAll(() => opened.remove())

const folded = (name: string, story: string): string =>
  `<details><summary>${name}</summary>\n\n\`\`\`\n${story}\n\`\`\`\n\n</details>\n`

test('README.md tells the same story as every channel does (else: npx vitest run bots/stories.test.ts -u)', async () => {
  const { database } = opened
  const stories = [
    folded('Discord, in a server', await recordDiscord(database)),
    folded('Telegram, in a private chat', await recordTelegram(database)),
    folded('Terminal', await recordTerminal()),
    folded('Web page', await recordWeb()),
  ].join('')
  for (const said of ['A nuc is a small hive.', '75.0 %', '2 rows received', 'Your vote weighs'])
    expect(stories.split(said), said).toHaveLength(5)
  const text = readFileSync(path, 'utf8')
  const [before, after] = [text.indexOf(opening) + opening.length, text.indexOf(closing)]
  expect(after, 'the marks of the stories stand in README.md').toBeGreaterThan(before - 1)
  await expect(text.slice(0, before) + stories + text.slice(after)).toMatchFileSnapshot(path)
})
