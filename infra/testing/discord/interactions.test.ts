import {
  ActionRowBuilder,
  ApplicationCommandOptionType,
  ApplicationCommandType,
  AttachmentBuilder,
  ButtonBuilder,
  ButtonStyle,
  type Client,
  Events,
  type Interaction,
  LabelBuilder,
  MessageFlags,
  ModalBuilder,
  StringSelectMenuBuilder,
  TextInputBuilder,
  TextInputStyle,
} from 'discord.js'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { standingClock } from '../../clock.ts'
import type { Person } from './people.ts'
import { openSetting, type Setting } from './real-client.ts'

const clock = standingClock(new Date('2026-03-01T10:00:00Z'))
let setting: Setting
let client: Client<true>
let ann: Person
let ben: Person

const commands = [
  {
    name: 'ask',
    description: 'Ask a model.',
    options: [
      {
        type: ApplicationCommandOptionType.String,
        name: 'model',
        description: 'Which one.',
        required: true,
        autocomplete: true,
      },
      { type: ApplicationCommandOptionType.Attachment, name: 'file', description: 'A file.' },
    ],
  },
  { name: 'contribute', description: 'Give rows.' },
  { name: 'setup', description: 'Set up.', defaultMemberPermissions: '32' },
  { name: 'Contribute this', type: ApplicationCommandType.Message },
] as const

beforeEach(async () => {
  setting = await openSetting({ clock })
  const guild = setting.fake.guild({ name: 'Hive' })
  ann = setting.fake.person('Ann', { guild })
  ben = setting.fake.person('Ben', { guild })
  client = await setting.login()
  await client.application.commands.set(commands)
})
afterEach(() => setting.close())

/** What the bot threw while it answered; the fake's refusals end here. */
const on = (answer: (interaction: Interaction) => Promise<unknown>): unknown[] => {
  const thrown: unknown[] = []
  client.on(Events.InteractionCreate, interaction => {
    answer(interaction).catch((error: unknown) => thrown.push(error))
  })
  return thrown
}
const row = (...buttons: ButtonBuilder[]) => new ActionRowBuilder<ButtonBuilder>().addComponents(buttons)
const button = (id: string, label: string) =>
  new ButtonBuilder().setCustomId(id).setLabel(label).setStyle(ButtonStyle.Primary)

describe('an interaction', () => {
  it('is a slash command, deferred and then answered with a file read back', async () => {
    const thrown = on(async interaction => {
      if (!interaction.isChatInputCommand()) return
      await interaction.deferReply()
      const url = interaction.options.getAttachment('file', true).url
      const text = await (await fetch(url)).text()
      const files = [new AttachmentBuilder(Buffer.from(text.toUpperCase()), { name: 'loud.txt' })]
      await interaction.editReply({ content: interaction.options.getString('model', true), files })
    })
    const asked = ann.slash('general', 'ask', { model: 'bees', file: { name: 'a.txt', content: 'buzz' } })
    const reply = await asked.answered()
    expect(thrown).toEqual([])
    expect(reply).toMatchObject({ content: 'bees', loading: false, ephemeral: false })
    expect(await (await fetch(reply.attachments[0]!.url)).text()).toBe('BUZZ')
  })

  it('suggests values while somebody types', async () => {
    on(async interaction => {
      if (!interaction.isAutocomplete()) return
      const typed = interaction.options.getFocused()
      await interaction.respond([{ name: `${typed}s`, value: 'bees' }])
    })
    expect(await ann.autocomplete('general', 'ask', 'model', 'bee')).toEqual([
      { name: 'bees', value: 'bees' },
    ])
  })

  it('refuses more than 25 suggestions', async () => {
    const many = Array.from({ length: 26 }, (_, n) => ({ name: `n${n}`, value: `v${n}` }))
    const thrown = on(async interaction => interaction.isAutocomplete() && interaction.respond(many))
    ann.autocomplete('general', 'ask', 'model', 'x').catch(() => undefined)
    await setting.fake.next(event => event.kind === 'request' && event.status === 400)
    await setting.fake.settled({ thinking: 40 })
    expect(thrown).toMatchObject([{ code: 50_035 }])
  })

  it('is a button: the message changes, or a form opens and is filled in', async () => {
    on(async interaction => {
      if (interaction.isChatInputCommand())
        await interaction.reply({
          content: 'Ready?',
          components: [row(button('go', 'Go'), button('form', 'Form'))],
        })
      if (interaction.isButton() && interaction.customId === 'go')
        await interaction.update({ content: 'Gone.', components: [] })
      if (interaction.isButton() && interaction.customId === 'form')
        await interaction.showModal(
          new ModalBuilder()
            .setCustomId('m')
            .setTitle('A question')
            .addLabelComponents(
              new LabelBuilder()
                .setLabel('Question')
                .setTextInputComponent(
                  new TextInputBuilder().setCustomId('q').setStyle(TextInputStyle.Paragraph),
                ),
            ),
        )
      if (interaction.isModalSubmit())
        await interaction.reply({
          content: interaction.fields.getTextInputValue('q'),
          flags: MessageFlags.Ephemeral,
        })
    })
    const ready = await ann.slash('general', 'contribute').answered()
    expect(ready.buttons.map(({ label }) => label)).toEqual(['Go', 'Form'])
    const form = await ann.press(ready, 'Form').modal()
    expect(form).toMatchObject({ title: 'A question', fields: [{ label: 'Question', kind: 'text' }] })
    expect(() => ann.submit(form, { Question: 'x'.repeat(4_001) })).toThrow(/0 to 4000/)
    const thanks = await ann.submit(form, { Question: 'What is a nuc?' }).answered()
    expect(thanks).toMatchObject({ content: 'What is a nuc?', ephemeral: true })
    await ann.press(ready, 'go').answered()
    expect(setting.fake.messages('general', { as: ben }).map(({ content }) => content)).toEqual(['Gone.'])
    expect(() => ben.press(ready, 'Go')).toThrow(/no button Go/)
  })

  it('is a select', async () => {
    on(async interaction => {
      const menu = new StringSelectMenuBuilder()
        .setCustomId('s')
        .addOptions({ label: 'Yes', value: '1' }, { label: 'No', value: '0' })
      if (interaction.isChatInputCommand())
        await interaction.reply({
          content: 'Vote.',
          components: [new ActionRowBuilder<StringSelectMenuBuilder>().addComponents(menu)],
        })
      if (interaction.isStringSelectMenu()) await interaction.reply(`You chose ${interaction.values[0]}.`)
    })
    const vote = await ann.slash('general', 'contribute').answered()
    expect((await ann.select(vote, 'No').answered()).content).toBe('You chose 0.')
  })

  it('is a message menu, which shows the bot the message although it was not mentioned', async () => {
    on(async interaction => {
      if (interaction.isMessageContextMenuCommand())
        await interaction.reply({ content: interaction.targetMessage.content, flags: MessageFlags.Ephemeral })
    })
    const said = ben.say('general', 'A nuc is a small hive.')
    const reply = await ann.menu(said, 'Contribute this').answered()
    expect(reply.content).toBe('A nuc is a small hive.')
    expect(setting.fake.messages('general', { as: ben })).toHaveLength(1)
    expect(setting.fake.messages('general', { as: ann })).toHaveLength(2)
  })

  it('must be acknowledged within three seconds', async () => {
    const thrown = on(async interaction => {
      clock.advance(3.5)
      if (interaction.isRepliable()) await interaction.deferReply()
    })
    const asked = ann.slash('general', 'contribute')
    await setting.fake.settled()
    expect(asked.state()).toBe('failed')
    expect(thrown).toMatchObject([{ code: 10_062, status: 404 }])
  })

  it('is acknowledged once', async () => {
    const thrown = on(async interaction => {
      if (!interaction.isChatInputCommand()) return
      const { id, token } = interaction
      await interaction.reply('first')
      await client.rest.post(`/interactions/${id}/${token}/callback`, {
        body: { type: 4, data: { content: 'second' } },
        auth: false,
      })
    })
    ann.slash('general', 'contribute')
    await setting.fake.settled()
    expect(thrown).toMatchObject([{ code: 40_060, status: 400 }])
    expect(setting.fake.messages('general').map(({ content }) => content)).toEqual(['first'])
  })

  it('can be followed up for fifteen minutes', async () => {
    const thrown = on(async interaction => {
      if (!interaction.isChatInputCommand()) return
      await interaction.deferReply()
      await interaction.editReply('one')
      clock.advance(14 * 60)
      await interaction.followUp({ content: 'two', flags: MessageFlags.Ephemeral })
      clock.advance(2 * 60)
      await interaction.followUp('three')
    })
    ann.slash('general', 'contribute')
    await setting.fake.settled()
    expect(thrown).toMatchObject([{ code: 50_027 }])
    expect(setting.fake.messages('general', { as: ann }).map(({ content }) => content)).toEqual([
      'one',
      'two',
    ])
  })

  it('is not offered to those whom the command is not for', () => {
    expect(() => ann.slash('general', 'setup')).toThrow(/not shown/)
    expect(() => ann.slash('general', 'nothing')).toThrow(/no command/)
    expect(() => ann.slash('general', 'ask', {})).toThrow(/model is required/)
  })

  it('works in a private chat', async () => {
    on(async interaction => {
      if (interaction.isChatInputCommand()) await interaction.reply(`${interaction.inGuild()}`)
    })
    expect((await ann.slash(ann.dms, 'contribute').answered()).content).toBe('false')
  })
})
