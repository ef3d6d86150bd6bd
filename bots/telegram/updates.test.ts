import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import type { Database } from '../../infra/db.ts'
import { fault } from '../../infra/errors.ts'
import { type Log, silentLog } from '../../infra/log.ts'
import { openTestDatabase, type TestDatabase } from '../../infra/testing/database.ts'
import { openFakeTelegram, type Place } from '../../infra/testing/telegram/fake-telegram.ts'
import { openChats } from '../../tools/chats.ts'
import type { Telegram } from '../telegram.ts'
import { networkOn } from '../testing/paper-desk.ts'
import { openStory } from '../testing/story.ts'
import { forgetChats, openTestBot, readable, type TestBot } from './testing/test-bot.ts'

let opened: TestDatabase
let db: Database
beforeAll(async () => {
  opened = await openTestDatabase()
  db = opened.database
})
beforeEach(() => forgetChats(db))
afterAll(() => opened.remove())

const said = ({ fake }: TestBot, place: Place): string[] =>
  fake.messages(place, { from: 'bot' }).map(({ text }) => readable(text))

describe('an update from Telegram', () => {
  it('is told again until it is kept', async () => {
    const { receive } = openChats(networkOn(db, openStory()))
    let failures = 2
    const bot = await openTestBot(db, {
      with: {
        receive: async (...update) => {
          if (failures-- > 0)
            throw fault('database-gone', 'The database is gone.', { fix: 'Wait.', retry: true })
          return receive(...update)
        },
      },
    })
    const ann = bot.fake.person('Ann')
    ann.say('bees are nice')
    await bot.answered()
    expect(failures).toBeLessThan(0)
    expect(said(bot, ann)).toHaveLength(1)
  })

  it('with a file counts once the file is kept, and its rows are contributed', async () => {
    const bot = await openTestBot(db, { story: openStory([{ state: 'gathering', release: null }]) })
    const ann = bot.fake.person('Ann')
    bot.fake.faults.add({ on: 'getFile', kind: 'server-error' })
    ann.say('/contribute beekeeping', {
      document: { name: 'rows.txt', bytes: new TextEncoder().encode('a | b\nc | d') },
    })
    await bot.answered()
    ann.say('CC0-1.0')
    await bot.answered()
    await ann.press(bot.fake.last(ann), 'Yes').answered
    await bot.answered()
    expect(bot.story.calls.at(-1)?.input).toMatchObject({
      rows: [
        { question: 'a', answer: 'b' },
        { question: 'c', answer: 'd' },
      ],
    })
  })

  it('with a file that is too large, or with something else than text, is answered with what to do', async () => {
    const bot = await openTestBot(db)
    const ann = bot.fake.person('Ann')
    ann.say('', { document: { name: 'rows.csv', size: 30_000_000 } })
    await bot.answered()
    expect(said(bot, ann)).toEqual([
      'That file is larger than the 20 MB that a bot may fetch. Send it in parts.',
    ])
  })

  it('about an edit says once that edits are not read', async () => {
    const bot = await openTestBot(db)
    const ann = bot.fake.person('Ann')
    const message = ann.say('bees are nice')
    await bot.answered()
    for (const words of ['bees are nicer', 'bees are nicest']) {
      ann.edit(message, words)
      await bot.answered()
    }
    expect(said(bot, ann)).toHaveLength(2)
    expect(said(bot, ann)[1]).toContain('I do not read a message again after an edit.')
  })

  it('of somebody who blocked the bot keeps nobody else waiting', async () => {
    const bot = await openTestBot(db)
    const [ann, ben] = [bot.fake.person('Ann'), bot.fake.person('Ben')]
    ann.say('bees are nice')
    ann.block()
    ben.say('/status')
    await bot.answered()
    expect(said(bot, ben)).toHaveLength(1)
    expect(await db.query('select 1 from chat_updates where done_at is null')).toEqual([])
  })

  it('that asks inline is answered with the way to the private chat', async () => {
    const bot = await openTestBot(db)
    expect(await bot.fake.person('Ann').inline('What is a nuc?')).toEqual([])
    await bot.answered()
    const [asked] = bot.fake.calls.filter(({ method }) => method === 'answerInlineQuery')
    expect(asked?.fields.button).toMatchObject({ start_parameter: 'ask' })
  })

  it('comes to the webhook as well, with the secret only', async () => {
    let handler: Telegram['webhook']
    const server = createServer(async (request, response) => {
      const headers = {
        'x-telegram-bot-api-secret-token': String(request.headers['x-telegram-bot-api-secret-token']),
      }
      const body = await text(request)
      const answer = await handler?.(new Request('http://127.0.0.1/', { method: 'POST', headers, body }))
      response.writeHead(answer?.status ?? 503).end()
    })
    await new Promise<void>(resolve => {
      server.listen(0, '127.0.0.1', resolve)
    })
    onTestFinished(() => void server.close())
    const address = server.address()
    const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/telegram`
    const bot = await openTestBot(db, { webhook: { url, secret: 'only-us' } })
    handler = bot.telegram.webhook
    const ann = bot.fake.person('Ann')
    ann.say('bees are nice')
    await bot.answered()
    expect(said(bot, ann)).toHaveLength(1)
    const forged = await handler?.(new Request(url, { method: 'POST', body: '{"update_id":1}' }))
    expect(forged?.status).toBe(401)
    expect(bot.fake.counts().getUpdates).toBeUndefined()
  })

  it('is answered by one of two nodes with the same token', async () => {
    const fake = await openFakeTelegram()
    const first = await openTestBot(db, { fake })
    const second = await openTestBot(db, {
      fake,
      standsBy: true,
      pause: ms => new Promise(resolve => setTimeout(resolve, Math.min(ms, 20))),
    })
    const ann = fake.person('Ann')
    ann.say('bees are nice')
    await first.answered()
    expect(said(first, ann)).toHaveLength(1)
    await first.close()
    await fake.until(() => second.desk() !== null)
    ann.say('so are wasps')
    await second.answered()
    expect(said(first, ann)).toHaveLength(2)
    await second.close()
    await fake.close()
  })

  it('leaves neither words nor the token in the log, whatever fails', async () => {
    const lines: string[] = []
    const note = (event: string, facts?: object) =>
      lines.push(
        event +
          JSON.stringify(facts, (_, value: unknown) =>
            value instanceof Error ? `${value.stack} ${JSON.stringify({ ...value })}` : value,
          ),
      )
    const log: Log = { ...silentLog, info: note, warn: note, error: note, with: () => log }
    const bot = await openTestBot(db, { log })
    const ann = bot.fake.person('Ann')
    for (const kind of ['close-before', 'server-error', 'close-after', 'malformed'] as const) {
      bot.fake.faults.add({ on: 'sendMessage', kind })
      bot.fake.faults.add({ on: 'getUpdates', kind })
      ann.say('my secret bees')
      await bot.answered()
    }
    expect(lines.length).toBeGreaterThan(8)
    expect(lines.join('\n')).not.toContain('secret bees')
    expect(lines.join('\n')).not.toContain(bot.fake.token)
  })
})

describe('the doctor', () => {
  it('finds nothing wrong with a bot that works', async () => {
    const bot = await openTestBot(db)
    const findings = await bot.telegram.doctor()
    expect(findings.filter(({ ok }) => !ok)).toEqual([])
    expect(findings.map(({ what }) => what)).toContain('The token is that of @tributary_bot.')
  })

  it('says what to do about a group that lost the bot, privacy that is off, and a webhook in the way', async () => {
    const fake = await openFakeTelegram({ privacy: false })
    const bot = await openTestBot(db, { fake })
    const ann = fake.person('Ann')
    const group = fake.group('Bees', { admins: [ann] })
    await bot.chats.setCommunity('telegram', String(group.id), {})
    group.setBot(ann, 'kicked')
    const wrong = (await bot.telegram.doctor()).filter(({ ok }) => !ok)
    expect(wrong).toHaveLength(2)
    expect(wrong.every(({ fix }) => fix !== '')).toBe(true)
    await bot.close()
    await fake.close()
  })

  it('knows a token that Telegram does not know', async () => {
    await expect(openTestBot(db, { token: '1:wrong' })).rejects.toThrow('does not know the bot')
  })
})
