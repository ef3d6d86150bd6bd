import { InlineKeyboard, InputFile } from 'grammy'
import { describe, expect, it } from 'vitest'
import { parseHtml } from './html-entities.ts'
import { withPollingBot } from './polling-bot.ts'

describe('messages of the fake Telegram', () => {
  it('refuses an edit that changes nothing, and edits of what is gone or not the bot’s', () =>
    withPollingBot(
      () => {},
      async (fake, bot) => {
        const ana = fake.person('Ana')
        const hers = ana.start()
        const own = await bot.api.sendMessage(ana.id, 'one', {
          reply_markup: new InlineKeyboard().text('A', 'a'),
        })
        const edit = (id: number, text: string, keyboard?: InlineKeyboard) =>
          bot.api.editMessageText(ana.id, id, text, keyboard === undefined ? {} : { reply_markup: keyboard })
        await expect(edit(own.message_id, 'one', new InlineKeyboard().text('A', 'a'))).rejects.toThrow(
          '400: Bad Request: message is not modified: specified new message content and reply markup are exactly the same as a current content and reply markup of the message',
        )
        await edit(own.message_id, 'one')
        expect(fake.last(ana).buttons).toEqual([])
        await expect(edit(hers.id, 'x')).rejects.toThrow("Bad Request: message can't be edited")
        await bot.api.deleteMessage(ana.id, own.message_id)
        await expect(edit(own.message_id, 'x')).rejects.toThrow('Bad Request: message to edit not found')
        await expect(bot.api.deleteMessage(ana.id, own.message_id)).rejects.toThrow(
          'message to delete not found',
        )
        expect(fake.messages(ana, { from: 'bot' })).toEqual([])
      },
    ))

  it('counts 4,096 characters after parsing, 1,024 in a caption and 64 bytes in a button', () =>
    withPollingBot(
      () => {},
      async (fake, bot) => {
        const ana = fake.person('Ana')
        ana.start()
        const html = { parse_mode: 'HTML' } as const
        await bot.api.sendMessage(ana.id, `<b>${'x'.repeat(4096)}</b>`, html)
        await expect(bot.api.sendMessage(ana.id, 'x'.repeat(4097))).rejects.toThrow(
          'Bad Request: message is too long',
        )
        await expect(bot.api.sendMessage(ana.id, '<b> </b>', html)).rejects.toThrow(
          'Bad Request: message text is empty',
        )
        const file = () => new InputFile(Buffer.from('x'), 'x.txt')
        await expect(bot.api.sendDocument(ana.id, file(), { caption: 'x'.repeat(1025) })).rejects.toThrow(
          'Bad Request: message caption is too long',
        )
        const press = (data: string) => ({ reply_markup: new InlineKeyboard().text('A', data) })
        await bot.api.sendMessage(ana.id, 'x', press('é'.repeat(32)))
        await expect(bot.api.sendMessage(ana.id, 'x', press(`${'é'.repeat(32)}x`))).rejects.toThrow(
          'Bad Request: BUTTON_DATA_INVALID',
        )
      },
    ))

  it.each([
    ['<b>x', 'Can\'t find end tag corresponding to start tag "b"'],
    ['x<b', 'Unclosed start tag at byte offset 1'],
    ['é<div>x</div>', 'Unsupported start tag "div" at byte offset 2'],
    ['<b>x</i>', 'Unmatched end tag at byte offset 4, expected "</b>", found "</i>"'],
    ['x</b>', 'Unexpected end tag at byte offset 1'],
    ['<span>x</span>', 'Tag "span" must have class "tg-spoiler" at byte offset 0'],
  ])('says what is wrong with the HTML %s', (html, reason) => {
    expect(() => parseHtml(html)).toThrow(`Bad Request: can't parse entities: ${reason}`)
  })

  it('keeps the language of a code block and drops a link that leads nowhere', () => {
    expect(parseHtml('<pre><code class="language-ts">a</code></pre>').entities).toEqual([
      { type: 'pre', offset: 0, length: 1, language: 'ts' },
    ])
    expect(parseHtml('<a href="nowhere">x</a>').entities).toEqual([])
    expect(parseHtml('&#128578;&amp;lt;').text).toBe('🙂&lt;')
  })

  it('brings a person’s file to the bot and the bot’s file to the person, byte for byte', () => {
    const bytes = Buffer.from([0, 255, 13, 10, 45, 45, 1])
    return withPollingBot(
      bot =>
        bot.on('message:document', async ctx => {
          const { file_path } = await ctx.getFile()
          const response = await fetch(`${ctx.api.options?.apiRoot}/file/bot${ctx.api.token}/${file_path}`)
          const got = Buffer.from(await response.arrayBuffer())
          await ctx.replyWithDocument(new InputFile(Buffer.concat([got, got]), 'twice; of it.bin'), {
            caption: '<b>Twice</b>',
            parse_mode: 'HTML',
          })
        }),
      async fake => {
        const ana = fake.person('Ana')
        ana.say('look', { document: { name: 'once.bin', bytes } })
        await fake.settled()
        const sent = fake.last(ana)
        expect(sent.file?.name).toBe('twice; of it.bin')
        expect(sent.file?.bytes).toEqual(Buffer.concat([bytes, bytes]))
        expect(sent.parts('bold')).toEqual(['Twice'])
        expect(fake.transcript(ana)).toBe(
          'Ana: (file once.bin, 7 bytes)\n  look\nTributary: (file twice; of it.bin, 14 bytes)\n  Twice',
        )
      },
    )
  })

  it('gives no file of more than 20 MB', () =>
    withPollingBot(
      () => {},
      async (fake, bot) => {
        const ana = fake.person('Ana')
        const { file } = ana.say('', { document: { name: 'big.csv', size: 21 * 1024 * 1024 } })
        await expect(bot.api.getFile(file?.id ?? '')).rejects.toThrow('400: Bad Request: file is too big')
        await expect(bot.api.getFile('nothing')).rejects.toThrow('wrong file_id')
      },
    ))
})
