import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { Events, GatewayIntentBits } from 'discord.js'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openSetting, plainIntents, type Setting } from './real-client.ts'

let setting: Setting
beforeEach(async () => {
  setting = await openSetting()
})
afterEach(() => setting.close())

describe('a connection', () => {
  it('brings the bot, its servers, channels and roles', async () => {
    const guild = setting.fake.guild({ name: 'Bee keepers', channels: ['general', 'votes'] })
    const ann = setting.fake.person('Ann', { guild, roles: ['Reviewer'], admin: true })
    const client = await setting.login()
    expect(client.user.id).toBe(setting.fake.bot.id)
    const there = client.guilds.cache.get(guild.id)
    expect(there?.name).toBe('Bee keepers')
    expect(there?.channels.cache.map(({ name }) => name)).toEqual(['general', 'votes'])
    const member = await there?.members.fetch(ann.id)
    expect(member?.roles.cache.map(({ name }) => name).sort()).toEqual(['@everyone', 'Admin', 'Reviewer'])
    expect(member?.permissions.has('ManageGuild')).toBe(true)
  })

  it('refuses a wrong token', async () => {
    await expect(setting.login({}, 'wrong')).rejects.toMatchObject({ code: 'TokenInvalid' })
  })

  it('refuses the message content intent where it was not granted', async () => {
    const intents = [...plainIntents, GatewayIntentBits.MessageContent]
    await expect(setting.login({ intents })).rejects.toThrow(/disallowed intents/i)
  })

  it('shows what is said only to a bot that is mentioned', async () => {
    const { fake } = setting
    const guild = fake.guild({ name: 'Hive' })
    const ann = fake.person('Ann', { guild })
    const client = await setting.login()
    const heard: string[] = []
    client.on(Events.MessageCreate, message => heard.push(message.content))
    ann.say('general', 'good morning')
    ann.say('general', 'what is a nuc?', { mention: true })
    ann.dm('psst')
    await fake.settled()
    expect(heard).toEqual(['', `<@${fake.bot.id}> what is a nuc?`, 'psst'])
  })

  it('resumes after a closed socket and loses nothing of what was said meanwhile', async () => {
    const { fake } = setting
    const guild = fake.guild({ name: 'Hive' })
    const ann = fake.person('Ann', { guild })
    const client = await setting.login()
    const heard: string[] = []
    client.on(Events.MessageCreate, message => heard.push(message.content))
    ann.dm('one')
    fake.gateway.cut()
    ann.dm('two')
    ann.dm('three')
    const resumed = fake.next(event => event.kind === 'connected')
    expect(await resumed).toMatchObject({ resumed: true })
    ann.dm('four')
    await fake.settled()
    expect(heard).toEqual(['one', 'two', 'three', 'four'])
  })

  it('reconnects when it is asked to, and resumes', async () => {
    const { fake } = setting
    const ann = fake.person('Ann')
    const client = await setting.login()
    const heard: string[] = []
    client.on(Events.MessageCreate, message => heard.push(message.content))
    fake.gateway.reconnect()
    ann.dm('while you were away')
    await fake.settled()
    expect(heard).toEqual(['while you were away'])
    expect(fake.gateway.connected()).toBe(1)
  })

  it('identifies anew after an invalid session', async () => {
    const { fake } = setting
    await setting.login({ ws: { buildIdentifyThrottler: async () => ({ waitForIdentify: async () => {} }) } })
    const again = fake.next(event => event.kind === 'connected')
    fake.gateway.invalidate()
    expect(await again).toMatchObject({ resumed: false })
    await fake.settled()
    expect(fake.gateway.connected()).toBe(1)
  })

  it('brings every event to each of two instances with one token', async () => {
    const { fake } = setting
    const ann = fake.person('Ann')
    const heard: string[] = []
    for (const name of ['a', 'b']) {
      const client = await setting.login()
      client.on(Events.MessageCreate, message => heard.push(`${name}: ${message.content}`))
    }
    ann.dm('hello')
    await fake.settled()
    expect(heard.sort()).toEqual(['a: hello', 'b: hello'])
  })

  it('leaves nothing behind that keeps a process alive', async () => {
    const script = `
      import { openSetting } from ${JSON.stringify(new URL('./real-client.ts', import.meta.url).href)}
      const { fake, login, close } = await openSetting()
      const ann = fake.person('Ann')
      await login()
      fake.faults.add({ on: 'gateway', kind: 'late', seconds: 600 })
      ann.dm('never delivered')
      fake.next(() => false, 600_000).catch(error => process.stdout.write(error.code))
      await close()`
    const node = promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
      timeout: 30_000,
    })
    expect((await node).stdout).toBe('fake-discord-waits')
  })

  it('is settled only when the client has read everything', async () => {
    const ann = setting.fake.person('Ann')
    const client = await setting.login()
    let heard = 0
    client.on(Events.MessageCreate, () => heard++)
    for (let n = 0; n < 2_000; n++) ann.dm(`${n}`)
    await setting.fake.settled()
    expect(heard).toBe(2_000)
  })

  it('takes the bot out of a server', async () => {
    const { fake } = setting
    const guild = fake.guild({ name: 'Hive' })
    const client = await setting.login()
    const channel = await client.channels.fetch(guild.channel('general').id)
    guild.removeBot()
    await fake.settled()
    expect(client.guilds.cache.size).toBe(0)
    await expect(channel?.isSendable() && channel.send('hi')).rejects.toMatchObject({ code: 50_001 })
  })
})
