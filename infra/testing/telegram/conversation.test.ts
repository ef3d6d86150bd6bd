import { InlineKeyboard } from 'grammy'
import { describe, expect, it } from 'vitest'
import { withPollingBot } from './polling-bot.ts'

describe('a conversation with the fake Telegram', () => {
  it('brings a command to the bot and its answer to the person', () =>
    withPollingBot(
      bot => bot.command('start', ctx => ctx.reply(`Hello ${ctx.from?.first_name}, from ${ctx.match}`)),
      async fake => {
        const ana = fake.person('Ana', { language: 'pt' })
        ana.start('group_42')
        await fake.settled()
        expect(fake.messages(ana).map(message => [message.from, message.text])).toEqual([
          ['Ana', '/start group_42'],
          ['Tributary', 'Hello Ana, from group_42'],
        ])
        expect(fake.counts()).toMatchObject({ getMe: 1, sendMessage: 1 })
      },
    ))

  it('parses HTML into entities and finds links by itself', () =>
    withPollingBot(
      bot =>
        bot.on('message', ctx =>
          ctx.reply(
            '<b>Bold <i>both</i></b> &lt;x&gt; <a href="https://a.test/">link</a> 🙂 <code>/no</code> example.com',
            { parse_mode: 'HTML' },
          ),
        ),
      async fake => {
        const ana = fake.person('Ana')
        ana.say('hi')
        await fake.settled()
        const said = fake.last(ana)
        expect(said.text).toBe('Bold both <x> link 🙂 /no example.com')
        expect(said.parts('bold')).toEqual(['Bold both'])
        expect(said.parts('italic')).toEqual(['both'])
        expect(said.parts('code')).toEqual(['/no'])
        expect(said.parts('url')).toEqual(['example.com'])
        expect(said.entities.find(one => one.type === 'text_link')).toMatchObject({
          url: 'https://a.test/',
        })
        expect(said.parts('bot_command')).toEqual([])
      },
    ))

  it('carries a press to the bot and its answer back, and writes it all down', () =>
    withPollingBot(
      bot => {
        bot.command('vote', ctx =>
          ctx.reply('Raise the fee?', {
            reply_markup: new InlineKeyboard()
              .text('Yes', 'v:1')
              .text('No', 'v:0')
              .row()
              .url('Why', 'https://a.test/'),
          }),
        )
        bot.callbackQuery('v:1', async ctx => {
          await ctx.editMessageText('You said yes.\nThank you.')
          await ctx.answerCallbackQuery({ text: 'Counted' })
        })
      },
      async fake => {
        const ana = fake.person('Ana')
        ana.say('/vote')
        await fake.settled()
        const asked = fake.last(ana)
        expect(asked.buttons).toEqual([['Yes', 'No'], ['Why']])
        expect(ana.press(asked, 'Why').url).toBe('https://a.test/')
        expect(() => ana.press(asked, 'Maybe')).toThrow('has no button "Maybe"')
        expect(await ana.press(asked, 'Yes').answered).toEqual({ text: 'Counted', alert: false })
        await fake.settled()
        expect(asked.buttons).toEqual([])
        expect(fake.transcript(ana)).toBe(
          [
            'Ana: /vote',
            'Tributary: You said yes.',
            '  Thank you.',
            'Ana presses [Why]',
            'Ana presses [Yes]',
            'Ana is shown "Counted"',
          ].join('\n'),
        )
      },
    ))

  it('refuses a second and a late answer to a press', async () => {
    let now = Date.parse('2026-01-01T00:00:00Z')
    const errors: string[] = []
    await withPollingBot(
      bot => {
        bot.command('ask', ctx =>
          ctx.reply('?', { reply_markup: new InlineKeyboard().text('Ok', 'ok').text('Slow', 'slow') }),
        )
        bot.on('callback_query:data', async ctx => {
          if (ctx.callbackQuery.data === 'slow') now += 20_000
          for (let time = 0; time < 2; time++)
            await ctx.answerCallbackQuery().catch((error: Error) => errors.push(error.message))
        })
      },
      async fake => {
        const ana = fake.person('Ana')
        ana.say('/ask')
        await fake.settled()
        await ana.press(fake.last(ana), 'Ok').answered
        await fake.settled()
        expect(errors).toHaveLength(1)
        expect(errors[0]).toContain('query is too old and response timeout expired or query ID is invalid')
        ana.press(fake.last(ana), 'Slow')
        await fake.settled()
        expect(errors).toHaveLength(3)
        expect(fake.violations.join()).toContain('was never answered')
      },
      { now: () => now },
    )
  })

  it('tells the bot of edits, and that it was blocked; then it cannot write', () => {
    const heard: string[] = []
    return withPollingBot(
      bot => {
        bot.on('edited_message:text', ctx => void heard.push(ctx.editedMessage.text))
        bot.on('my_chat_member', ctx => void heard.push(ctx.myChatMember.new_chat_member.status))
      },
      async (fake, bot) => {
        const ana = fake.person('Ana')
        await expect(bot.api.sendMessage(ana.id, 'hi')).rejects.toThrow(
          "403: Forbidden: bot can't initiate conversation with a user",
        )
        ana.edit(ana.say('one'), 'two')
        ana.block()
        await expect(bot.api.sendMessage(ana.id, 'hi')).rejects.toThrow(
          '403: Forbidden: bot was blocked by the user',
        )
        expect(() => ana.say('x')).toThrow('blocked the bot')
        ana.unblock()
        await bot.api.sendMessage(ana.id, 'hi')
        await fake.settled()
        expect(heard).toEqual(['two', 'kicked', 'member'])
        await expect(bot.api.sendMessage(77, 'hi')).rejects.toThrow('400: Bad Request: chat not found')
      },
    )
  })

  it('offers inline results, commands by scope and language, drafts, actions and reactions', () =>
    withPollingBot(
      bot =>
        bot.on('inline_query', ctx =>
          ctx.answerInlineQuery([
            {
              type: 'article',
              id: '1',
              title: ctx.inlineQuery.query,
              input_message_content: { message_text: 'x' },
            },
          ]),
        ),
      async (fake, bot) => {
        const ana = fake.person('Ana', { language: 'de' })
        const group = fake.group('Garden', { members: [ana] })
        const said = ana.say('hi')
        expect(await ana.inline('roses')).toMatchObject([{ title: 'roses' }])
        await bot.api.setMyCommands([{ command: 'join', description: 'Join' }])
        await bot.api.setMyCommands([{ command: 'join', description: 'Beitreten' }], { language_code: 'de' })
        await bot.api.setMyCommands([{ command: 'setup', description: 'Set up' }], {
          scope: { type: 'all_group_chats' },
        })
        expect(ana.commands()).toEqual([{ command: 'join', description: 'Beitreten' }])
        expect(ana.commands(group)).toEqual([{ command: 'setup', description: 'Set up' }])
        await expect(bot.api.setMyCommands([{ command: 'No!', description: 'x' }])).rejects.toThrow(
          'BOT_COMMAND_INVALID',
        )
        await bot.api.sendChatAction(ana.id, 'typing')
        await bot.api.raw.sendMessageDraft({ chat_id: ana.id, draft_id: 1, text: 'Thin' })
        expect([ana.room.actions, ana.room.draft?.text]).toEqual([['typing'], 'Thin'])
        await bot.api.sendMessage(ana.id, 'Thinking done')
        expect(ana.room.draft).toBeUndefined()
        await bot.api.setMessageReaction(ana.id, said.id, [{ type: 'emoji', emoji: '👍' }])
        expect([...said.reactions.values()]).toEqual([['👍']])
      },
    ))
})
