import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { stripVTControlCharacters } from 'node:util'
import type { Database } from '../../infra/db.ts'
import { openHive } from '../discord/testing/open-hive.ts'
import { openTestBot } from '../telegram/testing/test-bot.ts'
import { openTerminal } from '../terminal.ts'
import { openWeb } from '../web/web.ts'
import { PlainBrowser } from './plain-browser.ts'
import { openStory, type Story } from './story.ts'

/** Letters of a line and lines of one message that the page has room for. */
const WIDEST = 96
const TALLEST = 12

/** Three models: one answers, one gathers its data, one is voted on. Ids look as long as they are. */
const told = (): Story => {
  const story = openStory([
    {},
    { id: 'p2', name: 'mushrooms', state: 'gathering', release: null },
    { id: 'p3', name: 'wasps', state: 'voting', release: null, poll: null },
  ])
  const ids: Readonly<Record<string, object>> = {
    contribute: { submissionId: '018f0000-0000-7000-8000-000000000003' },
    vote: { receiptId: '018f0000-0000-7000-8000-000000000004' },
  }
  const verbs = story.verbs.map(verb => ({
    ...verb,
    run: async (...given: Parameters<typeof verb.run>) => {
      const output = (await verb.run(...given)) as object
      return { ...output, ...ids[verb.name] }
    },
  }))
  const explained = JSON.parse(JSON.stringify(story.explained).replaceAll('Bob <b>', 'Bob'))
  return Object.assign(story, { verbs, explained })
}

const rows = 'Can I eat a fly agaric? | No, it is poisonous.\nWhere do ceps grow? | Under spruce and oak.'

/** The story on Discord, as Ann reads it. */
export const recordDiscord = async (db: Database): Promise<string> => {
  const hive = await openHive(db, { story: told() })
  const { ann, fake } = hive
  try {
    const price = await ann.slash('general', 'ask', { question: 'What is a nuc?' }).answered()
    ann.press(price, 'Yes')
    await hive.answered(2)
    ann.press(hive.read('general').findLast(({ byBot }) => byBot)!, 'Why?')
    await hive.answered()
    const form = await ann.slash('general', 'contribute', { proposal: 'mushrooms' }).modal()
    await ann.submit(form, { licence: 'CC0-1.0', rights: 'yes', rows }).answered()
    await hive.answered()
    const vote = await ann.slash('general', 'vote', { proposal: 'wasps', choice: 'yes' }).answered()
    await hive.answered()
    ann.press(vote, 'Yes')
    await hive.answered()
    return tidy(fake.transcript('general', { as: ann }))
  } finally {
    await hive.close()
  }
}

/** The story on Telegram, in a private chat. */
export const recordTelegram = async (db: Database): Promise<string> => {
  const bot = await openTestBot(db, { story: told() })
  const ann = bot.fake.person('Ann')
  const say = async (line: string) => {
    ann.say(line)
    await bot.answered()
  }
  const press = async (label: string) => {
    await ann.press(bot.fake.last(ann), label).answered
    await bot.answered()
  }
  try {
    await say('What is a nuc?')
    await press('Yes')
    await press('Why?')
    await say('/contribute mushrooms')
    await press('Keep CC0-1.0')
    await press('Yes')
    await say(rows)
    await press('Done')
    await say('/vote wasps yes')
    await press('Yes')
    return tidy(bot.fake.transcript(ann))
  } finally {
    await bot.close()
  }
}

// A prompt at the end, with the cursor put behind it.
const listening = new RegExp(`(beekeeping|tributary|…)> (${String.fromCharCode(27)}\\[\\d+G)?$`, 'u')

/** The story in a terminal. */
export const recordTerminal = async (): Promise<string> => {
  const story = told()
  const contributed = ['/contribute mushrooms', 'CC0-1.0', 'yes', ...rows.split('\n'), '']
  const typed = ['What is a nuc?', '1', '1', ...contributed, '/vote wasps yes', '1']
  const input = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => {} })
  const output = Object.assign(new PassThrough(), { isTTY: true, columns: WIDEST })
  let shown = ''
  let wake = () => {}
  output.on('data', (chunk: Buffer) => {
    shown += chunk.toString()
    wake()
  })
  const prompted = async (): Promise<string> => {
    while (!listening.test(shown))
      await new Promise<void>(resolve => {
        wake = resolve
      })
    const said = shown
    shown = ''
    return stripVTControlCharacters(said)
  }
  const options = { input, output, user: 'ann', environment: { NO_COLOR: '1' } }
  const terminal = await openTerminal(story.network, story.verbs, options)
  const screen = [(await prompted()).split('\n').at(-1)]
  for (const line of typed) {
    input.write(`${line}\r`)
    screen.push(await prompted())
  }
  terminal.close()
  await terminal.closed
  return tidy(screen.join('').replaceAll('\r', '').replace(/.*$/, ''))
}

/** The story on the web page. */
export const recordWeb = async (): Promise<string> => {
  const story = told()
  const folder = mkdtempSync(join(tmpdir(), 'tributary-story-'))
  Object.assign(story.network, { folder })
  const web = await openWeb(story.network, story.verbs, { port: 0 })
  const browser = new PlainBrowser(() => web.url)
  const lines: string[] = []
  const send = async (line: string, shown = `Ann: ${indented(line)}`): Promise<void> => {
    const page = await (await browser.form('/', '/chat', { line })).text()
    lines.push(shown, `Tributary: ${indented(wordsOf(page))}`)
  }
  try {
    await send('What is a nuc?')
    await send('yes', 'Ann presses [Yes]')
    await send('/why')
    for (const line of ['/contribute mushrooms', 'CC0-1.0', 'yes', rows]) await send(line)
    await send('/vote wasps yes')
    await send('yes', 'Ann presses [Yes]')
    return tidy(lines.join('\n'))
  } finally {
    await web.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

const characters: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', '#39': "'", amp: '&' }

/** The newest answer of a page as a person reads it: buttons as [Label], cells of a row side by side. */
const wordsOf = (page: string): string =>
  page
    .slice(page.indexOf('id="turn">') + 10, page.indexOf('</article>'))
    .replace(/<(button|a)[^>]*>([^<]*)<\/\1>/g, '[$2] ')
    .replace(/<\/(p|h3|tr|caption|dl|div|form)>/g, (_end, tag) => (tag === 'form' ? '' : '\n'))
    .replace(/<[^>]+>/g, ' ')
    .replace(/&(lt|gt|quot|#39|amp);/g, (_, name: string) => characters[name] ?? '')
    .replace(/ +/g, ' ')
    .replace(/ *\n */g, '\n')
    .trim()

const indented = (text: string): string => text.replaceAll('\n', '\n  ')

/** A transcript that fits on a page: without empty lines and what nobody sees, long lines and long messages cut. */
const tidy = (transcript: string): string => {
  const kept: string[] = []
  let height = 0
  for (const raw of transcript.split('\n')) {
    const line = raw.replace(/[\u200B\u2060]/g, '').trimEnd()
    if (line.trim() === '' || line.trim() === '```') continue
    height = /^(\S+> |Ann\b|Tributary\b)/.test(line) ? 0 : height + 1
    if (height === TALLEST) kept.push('  …')
    if (height >= TALLEST && !/^ *\[/.test(line)) continue
    kept.push(line.length <= WIDEST ? line : `${line.slice(0, line.lastIndexOf(' ', WIDEST))} …`)
  }
  return kept.join('\n')
}
