import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { autoRetry } from '@grammyjs/auto-retry'
import { Bot, webhookCallback } from 'grammy'
import { describe, expect, it } from 'vitest'
import { openFakeTelegram } from './fake-telegram.ts'
import { withPollingBot } from './polling-bot.ts'

const apiOf = (fake: { url: string; token: string }) =>
  new Bot(fake.token, { client: { apiRoot: fake.url } }).api

describe('how updates come', () => {
  it('tells an update until a later offset confirms it', async () => {
    const fake = await openFakeTelegram()
    const api = apiOf(fake)
    const ana = fake.person('Ana')
    ana.say('one')
    ana.say('two')
    const first = await api.getUpdates()
    expect(first.map(update => update.message?.text)).toEqual(['one', 'two'])
    expect(await api.getUpdates()).toEqual(first)
    const offset = first[0]!.update_id + 1
    expect((await api.getUpdates({ offset })).map(update => update.message?.text)).toEqual(['two'])
    expect(await api.getUpdates({ offset: offset + 1 })).toEqual([])
    await fake.close()
  })

  it('ends the older of two pollers with a conflict', async () => {
    const fake = await openFakeTelegram()
    const older = apiOf(fake).getUpdates({ timeout: 30 })
    await fake.until(() => fake.counts().getUpdates)
    const ended = expect(older).rejects.toThrow(
      '409: Conflict: terminated by other getUpdates request; make sure that only one bot instance is running',
    )
    const newer = apiOf(fake).getUpdates({ timeout: 30 })
    await ended
    fake.person('Ana').say('hi')
    expect(await newer).toHaveLength(1)
    await fake.close()
  })

  it('refuses another token', async () => {
    const fake = await openFakeTelegram()
    await expect(apiOf({ url: fake.url, token: '1:other' }).getMe()).rejects.toThrow('401: Unauthorized')
    await fake.close()
  })

  it('delivers to a webhook with its secret, in order, until it answers well', async () => {
    const fake = await openFakeTelegram({ webhookRetryMilliseconds: 1 })
    const bot = new Bot(fake.token, { client: { apiRoot: fake.url } })
    const heard: string[] = []
    bot.on('message:text', ctx => {
      heard.push(ctx.message.text)
      return ctx.reply(`heard ${ctx.message.text}`)
    })
    await bot.init()
    const handle = webhookCallback(bot, 'http', { secretToken: 'open-sesame' })
    let broken = 1
    let asked = 0
    const server = createServer((request, response) => {
      asked += 1
      if (broken-- > 0) response.writeHead(503).end()
      else void handle(request, response)
    })
    await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
    await bot.api.setWebhook(url, { secret_token: 'open-sesame' })
    await expect(bot.api.getUpdates()).rejects.toThrow(
      "409: Conflict: can't use getUpdates method while webhook is active",
    )
    fake.faults.add({ on: 'getUpdates', kind: 'duplicate', after: 1 })
    const ana = fake.person('Ana')
    ana.say('one')
    ana.say('two')
    await fake.settled()
    expect(heard).toEqual(['one', 'two', 'two'])
    expect(await bot.api.getWebhookInfo()).toMatchObject({
      url,
      pending_update_count: 0,
      last_error_message: 'Wrong response from the webhook: 503 Service Unavailable',
    })
    await bot.api.deleteWebhook()
    await bot.api.setWebhook(url, { secret_token: 'another' })
    ana.say('three')
    const before = asked
    await fake.until(() => asked > before + 2)
    expect(heard).not.toContain('three')
    await fake.close()
    await new Promise(done => server.close(done))
  })

  it('tells an update twice, or a later one first, where a fault says so', () => {
    const heard: string[] = []
    return withPollingBot(
      bot => bot.on('message:text', ctx => void heard.push(ctx.message.text)),
      async fake => {
        const ana = fake.person('Ana')
        fake.faults.add({ on: 'getUpdates', kind: 'duplicate' })
        ana.say('one')
        await fake.settled()
        expect(heard).toEqual(['one', 'one'])
        fake.faults.add({ on: 'getUpdates', kind: 'out-of-order' })
        ana.say('two')
        ana.say('three')
        await fake.settled()
        expect(heard.slice(2)).toEqual(['three', 'two'])
        fake.faults.add({ on: 'getUpdates', kind: 'out-of-order' })
        ana.say('alone')
        await fake.settled()
        expect(heard.slice(4)).toEqual(['alone'])
        expect(fake.faults.came.map(fault => fault.kind)).toEqual([
          'duplicate',
          'out-of-order',
          'out-of-order',
        ])
      },
    )
  })
})

describe('how calls fail', () => {
  it('leaves one message where the answer is lost, and none where the call is', () =>
    withPollingBot(
      () => {},
      async (fake, bot) => {
        const ana = fake.person('Ana')
        ana.start()
        fake.faults.add({ on: 'sendMessage', kind: 'close-after' })
        fake.faults.add({ on: 'sendMessage', kind: 'close-before' })
        fake.faults.add({ on: 'sendMessage', kind: 'malformed' })
        await expect(bot.api.sendMessage(ana.id, 'lost answer')).rejects.toThrow(
          "Network request for 'sendMessage' failed!",
        )
        await expect(bot.api.sendMessage(ana.id, 'lost call')).rejects.toThrow(
          "Network request for 'sendMessage' failed!",
        )
        await expect(bot.api.sendMessage(ana.id, 'half an answer')).rejects.toThrow('Network request')
        expect(fake.messages(ana, { from: 'bot' }).map(one => one.text)).toEqual([
          'lost answer',
          'half an answer',
        ])
      },
    ))

  it('asks to wait, and auto-retry waits', () =>
    withPollingBot(
      bot => bot.api.config.use(autoRetry()),
      async (fake, bot) => {
        const ana = fake.person('Ana')
        ana.start()
        fake.faults.add({ on: 'sendMessage', kind: 'rate-limit', retryAfter: 0 })
        fake.faults.add({ on: 'sendMessage', kind: 'late', milliseconds: 1 })
        await bot.api.sendMessage(ana.id, 'at last')
        expect(fake.calls.filter(call => call.method === 'sendMessage').map(call => call.error)).toEqual([
          'Too Many Requests: retry after 0',
          undefined,
        ])
        expect(fake.messages(ana, { from: 'bot' })).toHaveLength(1)
      },
    ))

  it('holds the bot to the platform’s pace where asked', async () => {
    let now = 0
    const fake = await openFakeTelegram({ limits: true, now: () => now })
    const api = apiOf(fake)
    const people = Array.from({ length: 31 }, (_, index) => fake.person(`P${index}`))
    for (const person of people) person.start()
    const [ana] = people
    const group = fake.group('Garden', { members: [ana!] })
    for (let time = 0; time < 3; time++) await api.sendMessage(ana!.id, 'x')
    await expect(api.sendMessage(ana!.id, 'x')).rejects.toMatchObject({ parameters: { retry_after: 1 } })
    now += 1000
    await api.sendMessage(ana!.id, 'x')
    now += 1000
    for (const person of people.slice(1)) await api.sendMessage(person.id, 'x')
    await expect(api.sendMessage(ana!.id, 'x')).rejects.toMatchObject({ error_code: 429 })
    for (let time = 0; time < 20; time++) {
      now += 1000
      await api.sendMessage(group.id, 'x')
    }
    now += 1000
    await expect(api.sendMessage(group.id, 'x')).rejects.toMatchObject({ parameters: { retry_after: 40 } })
    await fake.close()
  })

  it('says at its end what the bot did wrong, unless somebody looked', async () => {
    const fake = await openFakeTelegram()
    const api = apiOf(fake)
    const ana = fake.person('Ana')
    ana.start()
    const keyboard = { inline_keyboard: [[{ text: 'Go', callback_data: 'go' }]] }
    await api.sendMessage(ana.id, 'Go?', { reply_markup: keyboard })
    ana.press(fake.last(ana), 'Go')
    await expect(fetch(`${fake.url}/bot${fake.token}/sendMesage`)).resolves.toMatchObject({ status: 404 })
    await expect(fake.settled({ timeout: 1 })).rejects.toThrow('2 updates unconfirmed')
    await expect(fake.close()).rejects.toThrow('The bot broke the Bot API 2 times')
    expect(fake.violations[0]).toMatch(/^sendMesage is no method/)
  })

  it('draws the same faults from the same seed', async () => {
    const drawn = async () => {
      const fake = await openFakeTelegram()
      fake.faults.mix({ seed: 7, rate: 0.4, kinds: ['server-error', 'close-before'] })
      const api = apiOf(fake)
      for (let time = 0; time < 20; time++) await api.getMe().catch(() => {})
      await fake.close()
      return fake.faults.came.map(fault => fault.kind)
    }
    const first = await drawn()
    expect(first.length).toBeGreaterThan(3)
    expect(await drawn()).toEqual(first)
  })
})
