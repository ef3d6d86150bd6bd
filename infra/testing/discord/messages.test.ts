import { type Client, ContainerBuilder, Events, MessageFlags, TextDisplayBuilder } from 'discord.js'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { standingClock } from '../../clock.ts'
import type { Guild } from './guilds.ts'
import type { Person } from './people.ts'
import { openSetting, type Setting } from './real-client.ts'

const clock = standingClock(new Date('2026-03-01T10:00:00Z'))
let setting: Setting
let client: Client<true>
let guild: Guild
let ann: Person

beforeEach(async () => {
  setting = await openSetting({ clock })
  guild = setting.fake.guild({ name: 'Hive' })
  ann = setting.fake.person('Ann', { guild })
  client = await setting.login()
})
afterEach(() => setting.close())

const general = async () => {
  const channel = await client.channels.fetch(guild.channel('general').id)
  if (channel?.isSendable() !== true || !('threads' in channel)) throw new Error('not a text channel')
  return channel
}

describe('a message of the bot', () => {
  it('is sent, edited, reacted to and deleted', async () => {
    const { fake } = setting
    const said = await (await general()).send('one')
    await said.edit('two')
    await said.react('👍')
    expect(fake.messages('general')).toMatchObject([{ content: 'two', edited: true, reactions: ['👍'] }])
    await said.delete()
    expect(fake.messages('general')).toEqual([])
    await expect(said.edit('three')).rejects.toMatchObject({ code: 10_008, status: 404 })
  })

  it('notifies nobody where its allowed mentions say so', async () => {
    const { fake } = setting
    const channel = await general()
    const content = `<@${ann.id}> @everyone`
    await channel.send(content)
    await channel.send({ content, allowedMentions: { parse: [] } })
    expect(fake.messages('general').map(({ pings }) => pings)).toEqual([[ann.id, 'everyone'], []])
  })

  it('counts once for a nonce that is enforced, for some minutes', async () => {
    const channel = await general()
    const once = { content: 'once', nonce: '7', enforceNonce: true }
    const [first, second] = [await channel.send(once), await channel.send(once)]
    expect(second.id).toBe(first.id)
    expect(second.nonce).toBe('7')
    clock.advance(6 * 60)
    await channel.send(once)
    expect(setting.fake.messages('general')).toHaveLength(2)
  })

  it('reaches a person in private unless they block the bot', async () => {
    const user = await client.users.fetch(ann.id)
    await user.send('hello')
    expect(setting.fake.messages(ann.dms)).toMatchObject([{ content: 'hello', byBot: true }])
    ann.block()
    await expect(user.send('again')).rejects.toMatchObject({ code: 50_007, status: 403 })
    ann.unblock()
    await user.send('again')
    expect(setting.fake.messages(ann.dms)).toHaveLength(2)
  })

  it('may be refused in a channel', async () => {
    setting.fake.forbid('general')
    await expect((await general()).send('hi')).rejects.toMatchObject({ code: 50_013 })
    setting.fake.deleteChannel('general')
    await expect(client.rest.get(`/channels/${guild.channel('general').id}`)).rejects.toMatchObject({
      code: 10_003,
    })
  })

  it('carries files, whose addresses expire', async () => {
    await (await general()).send({ files: [{ attachment: Buffer.from('a,b'), name: 'rows.csv' }] })
    const [seen] = setting.fake.messages('general')
    expect(seen?.attachments).toMatchObject([{ filename: 'rows.csv', size: 3 }])
    const url = seen!.attachments[0]!.url
    expect(await (await fetch(url)).text()).toBe('a,b')
    clock.advance(25 * 3_600)
    expect((await fetch(url)).status).toBe(404)
  })

  it('may be made of version 2 components', async () => {
    const card = new ContainerBuilder().addTextDisplayComponents(
      new TextDisplayBuilder().setContent('**Card**'),
    )
    const said = await (await general()).send({ components: [card], flags: MessageFlags.IsComponentsV2 })
    expect(setting.fake.messages('general')[0]?.text).toBe('**Card**')
    const mixed = { content: 'both', flags: MessageFlags.IsComponentsV2, components: [card.toJSON()] }
    await expect(
      client.rest.post(`/channels/${said.channelId}/messages`, { body: mixed }),
    ).rejects.toMatchObject({
      code: 50_035,
    })
  })

  it('may open a thread, which others can write in and the bot hears', async () => {
    const channel = await general()
    const thread = await channel.threads.create({ name: 'bees' })
    const heard: string[] = []
    client.on(Events.MessageCreate, message =>
      heard.push(message.channel.isThread() ? message.channel.name : ''),
    )
    await thread.send('welcome')
    ann.say(thread, 'hello')
    await setting.fake.settled()
    expect(heard).toEqual(['bees', 'bees'])
    expect(setting.fake.threads('general')).toMatchObject([{ name: 'bees' }])
    const said = await channel.send('topic')
    await said.startThread({ name: 'about it' })
    await expect(said.startThread({ name: 'again' })).rejects.toMatchObject({ code: 160_004 })
    await thread.setLocked(true)
    await expect(thread.send('more')).rejects.toMatchObject({ code: 50_083 })
  })
})

describe('a person', () => {
  it('edits and deletes what they said, and the bot hears of it', async () => {
    const heard: string[] = []
    client.on(Events.MessageUpdate, (_, message) => heard.push(`edit ${message.content}`))
    client.on(Events.MessageDelete, message => heard.push(`delete ${message.id}`))
    client.on(Events.MessageReactionAdd, reaction => heard.push(`react ${reaction.emoji.name}`))
    const said = ann.say('general', 'helo', { mention: true })
    ann.edit(said, `<@${setting.fake.bot.id}> hello`)
    ann.react(said, '🐝')
    ann.delete(said)
    await setting.fake.settled()
    expect(heard).toEqual([`edit <@${setting.fake.bot.id}> hello`, 'react 🐝', `delete ${said.id}`])
  })

  it('sends files that the bot can read where it may', async () => {
    const texts: string[] = []
    client.on(Events.MessageCreate, async message => {
      const file = message.attachments.first()
      texts.push(file === undefined ? 'none' : await (await fetch(file.url)).text())
    })
    const attachments = [{ name: 'a.txt', content: 'buzz', type: 'text/plain' }]
    ann.dm('here', { attachments })
    await setting.fake.settled()
    ann.say('general', 'here', { attachments })
    await setting.fake.settled()
    expect(texts).toEqual(['buzz', 'none'])
  })
})

describe('a body over a limit', () => {
  const button = (n: number, label = 'x') => ({ type: 2, style: 1, label, custom_id: `b${n}` })
  const row = (from: number, count: number) => ({
    type: 1,
    components: Array.from({ length: count }, (_, n) => button(from + n)),
  })
  const text = (n: number) => ({ type: 10, content: `${n}` })
  const refused: [string, object, string[]][] = [
    ['content of 2,001', { content: 'x'.repeat(2_001) }, ['content']],
    [
      'embed description of 4,097',
      { embeds: [{ description: 'x'.repeat(4_097) }] },
      ['embeds', '0', 'description'],
    ],
    [
      'embeds of 6,001 in all',
      { embeds: [1, 2].map(() => ({ description: 'x'.repeat(3_001) })) },
      ['embeds'],
    ],
    ['six buttons in a row', { components: [row(0, 6)] }, ['components', '0', 'components']],
    ['six rows', { components: [0, 1, 2, 3, 4, 5].map(n => row(n * 5, 1)) }, ['components']],
    [
      '41 components',
      { flags: 32_768, components: Array.from({ length: 41 }, (_, n) => text(n)) },
      ['components'],
    ],
    [
      'label of 81',
      { components: [{ type: 1, components: [button(1, 'x'.repeat(81))] }] },
      ['components', '0', 'components', '0', 'label'],
    ],
    [
      'custom_id of 101',
      { components: [{ type: 1, components: [{ ...button(1), custom_id: 'x'.repeat(101) }] }] },
      ['components', '0', 'components', '0', 'custom_id'],
    ],
    [
      '26 options',
      {
        components: [
          {
            type: 1,
            components: [
              {
                type: 3,
                custom_id: 's',
                options: Array.from({ length: 26 }, (_, n) => ({ label: `${n}`, value: `${n}` })),
              },
            ],
          },
        ],
      },
      ['components', '0', 'components', '0', 'options'],
    ],
  ]
  it.each(refused)('is refused with its path: %s', async (_, body, path) => {
    const error = await client.rest
      .post(`/channels/${guild.channel('general').id}/messages`, { body })
      .catch((thrown: unknown) => thrown as { status: number; rawError: { code: number; errors: unknown } })
    expect(error).toMatchObject({ status: 400, rawError: { code: 50_035 } })
    const { errors } = (error as { rawError: { errors: unknown } }).rawError
    const found = path.reduce<unknown>((node, step) => (node as Record<string, unknown>)[step], errors)
    expect(found).toHaveProperty('_errors')
  })

  it('is taken right at the limit', async () => {
    const components = [0, 1, 2, 3, 4].map(n => row(n * 5, 5))
    const body = { content: '🐝'.repeat(2_000), embeds: [{ description: 'x'.repeat(4_096) }], components }
    await client.rest.post(`/channels/${guild.channel('general').id}/messages`, { body })
    expect(setting.fake.messages('general')[0]?.buttons).toHaveLength(25)
  })

  it('is refused where there is nothing in it', async () => {
    const body = { content: '  ' }
    await expect(
      client.rest.post(`/channels/${guild.channel('general').id}/messages`, { body }),
    ).rejects.toMatchObject({ code: 50_006 })
  })
})
