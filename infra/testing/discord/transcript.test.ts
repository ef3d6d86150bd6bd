import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Client, Events, MessageFlags } from 'discord.js'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openFakeDiscord } from './fake-discord.ts'
import { openSetting, type Setting } from './real-client.ts'

describe('a transcript', () => {
  let setting: Setting
  let client: Client<true>
  beforeEach(async () => {
    setting = await openSetting()
    setting.fake.guild({ name: 'Hive' })
    client = await setting.login()
  })
  afterEach(() => setting.close())

  it('reads like a conversation', async () => {
    const { fake } = setting
    const guild = fake.guild({ name: 'Bees', channels: ['bees'] })
    const ann = fake.person('Ann', { guild })
    const ben = fake.person('Ben', { guild })
    await client.application.commands.set([
      {
        name: 'ask',
        description: 'Ask.',
        options: [{ type: 3, name: 'question', description: 'What.', required: true }],
      },
    ])
    client.on(Events.InteractionCreate, async interaction => {
      const components = [
        {
          type: 1,
          components: [
            { type: 2, style: 1, label: 'Why?', custom_id: 'why' },
            { type: 2, style: 2, label: 'Good', custom_id: 'good', disabled: true },
          ],
        },
      ]
      if (interaction.isChatInputCommand()) {
        await interaction.deferReply()
        await interaction.editReply({ content: 'A **nuc** is\na small hive\\_box.', components })
      } else if (interaction.isButton())
        await interaction.reply({ content: 'Two rows.', flags: MessageFlags.Ephemeral })
    })
    const hello = ben.say('bees', 'hello', { mention: true })
    const asked = await ann.slash('bees', 'ask', { question: 'What is a nuc?' }).answered()
    await ann.press(asked, 'Why?').answered()
    ben.delete(hello)
    const story = [
      'Ben: (deleted)',
      'Ann: /ask question: What is a nuc?',
      'Tributary: A nuc is',
      '  a small hive_box.',
      '  [Why?] [Good: off]',
      'Ann presses [Why?]',
    ]
    const whispered = 'Tributary (only Ann sees this): Two rows.'
    expect(fake.transcript('bees')).toBe([...story, whispered].join('\n'))
    expect(fake.transcript('bees', { as: ben })).toBe(story.join('\n'))
  })
})

describe('a specification', () => {
  const schema = { type: 'object', properties: { content: { type: 'string', maxLength: 3 } } }
  const document = {
    openapi: '3.1.0',
    paths: {
      '/channels/{channel_id}/messages': {
        post: { requestBody: { content: { 'application/json': { schema } } } },
      },
    },
  }
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fake-discord-'))
    await writeFile(join(folder, 'discord-openapi.json'), JSON.stringify(document))
  })
  afterEach(() => rm(folder, { recursive: true }))

  const posted = async (content: string) => {
    const fake = await openFakeDiscord({ specifications: folder })
    const guild = fake.guild({ name: 'Hive' })
    await fetch(`${fake.api}/v10/channels/${guild.channel('general').id}/messages`, {
      method: 'POST',
      headers: { authorization: `Bot ${fake.token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ content }),
    })
    return fake
  }

  it('fails the close where a request broke it and nobody looked', async () => {
    await expect((await posted('long')).close()).rejects.toMatchObject({
      code: 'discord-specification-violated',
    })
    await (await posted('ok')).close()
  })

  it('says which request broke it, and where', async () => {
    const fake = await posted('long')
    expect(fake.violations).toEqual([
      { route: 'POST /channels/:id/messages', problems: ['/content must NOT have more than 3 characters'] },
    ])
    await fake.close()
  })
})
