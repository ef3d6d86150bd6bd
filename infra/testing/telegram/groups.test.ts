import { describe, expect, it } from 'vitest'
import { withPollingBot } from './polling-bot.ts'

describe('groups of the fake Telegram', () => {
  it('lets a bot with privacy hear commands, mentions and replies to it only', () => {
    const heard: string[] = []
    return withPollingBot(
      bot => bot.on('message:text', ctx => void heard.push(ctx.message.text)),
      async (fake, bot) => {
        const [ana, ben] = [fake.person('Ana'), fake.person('Ben')]
        const group = fake.group('Garden', { members: [ben], admins: [ana] })
        const said = await bot.api.sendMessage(group.id, 'Hello all')
        const own = fake.last(group)
        ana.say(group, 'chatter')
        ana.say(group, '/help')
        ana.say(group, '/help@other_bot')
        ana.say(group, 'hey @Tributary_Bot')
        ben.say(group, 'yes', { replyTo: own })
        await fake.settled()
        expect(own.id).toBe(said.message_id)
        expect(heard).toEqual(['/help', 'hey @Tributary_Bot', 'yes'])
        group.setBot(ana, 'administrator')
        ana.say(group, 'all of it')
        await fake.settled()
        expect(heard.at(-1)).toBe('all of it')
        const open = fake.group('Open', { members: [ana], privacy: false })
        ana.say(open, 'chatter')
        await fake.settled()
        expect(heard.at(-1)).toBe('chatter')
      },
    )
  })

  it('counts message ids once for private chats and small groups, and for each supergroup alone', () =>
    withPollingBot(
      () => {},
      async fake => {
        const [ana, ben] = [fake.person('Ana'), fake.person('Ben')]
        const small = fake.group('Small', { members: [ana], kind: 'group' })
        const big = fake.group('Big', { members: [ana] })
        const ids = [ana.say('a'), ben.say('b'), ana.say(small, 'c'), ana.say(big, 'd'), ana.say('e')]
        expect(ids.map(message => message.id)).toEqual([1, 2, 3, 1, 4])
      },
    ))

  it('keeps the topics of a forum apart', () =>
    withPollingBot(
      bot => bot.command('ask', ctx => ctx.reply('here')),
      async (fake, bot) => {
        const ana = fake.person('Ana')
        const forum = fake.group('Garden', { admins: [ana], forum: true })
        await expect(bot.api.createForumTopic(forum.id, 'Fees')).rejects.toThrow(
          'not enough rights to create a topic',
        )
        forum.setBot(ana, 'administrator')
        const { message_thread_id: thread } = await bot.api.createForumTopic(forum.id, 'Fees')
        const fees = forum.topic('Fees')
        expect(fees?.thread).toBe(thread)
        const roses = forum.openTopic(ana, 'Roses')
        ana.say(roses, '/ask')
        await fake.settled()
        expect(fake.last(roses).text).toBe('here')
        expect(fake.messages(fees!, { from: 'bot' }).map(message => message.text)).toEqual([''])
        expect(fake.transcript(roses)).toBe(
          'Ana opens the topic "Roses"\nAna (Roses): /ask\nTributary (Roses): here',
        )
        const other = { message_thread_id: 999 }
        await expect(bot.api.sendMessage(forum.id, 'x', other)).rejects.toThrow(
          'Bad Request: message thread not found',
        )
        await bot.api.closeForumTopic(forum.id, thread)
        await expect(bot.api.closeForumTopic(forum.id, thread)).rejects.toThrow('TOPIC_NOT_MODIFIED')
      },
    ))

  it('says who is there, and shuts the bot out when it is removed', () =>
    withPollingBot(
      () => {},
      async (fake, bot) => {
        const [ana, ben, eve] = [fake.person('Ana'), fake.person('Ben'), fake.person('Eve')]
        const group = fake.group('Garden', { members: [ben], admins: [ana] })
        expect(await bot.api.getChat(group.id)).toMatchObject({ type: 'supergroup', title: 'Garden' })
        expect((await bot.api.getChatAdministrators(group.id)).map(one => one.user.first_name)).toEqual([
          'Ana',
        ])
        const statusOf = async (id: number) => (await bot.api.getChatMember(group.id, id)).status
        expect(await Promise.all([ana, ben, eve].map(one => statusOf(one.id)))).toEqual([
          'creator',
          'member',
          'left',
        ])
        group.add(eve)
        expect(await bot.api.getChatMemberCount(group.id)).toBe(4)
        group.setBot(ana, 'kicked')
        await expect(bot.api.sendMessage(group.id, 'x')).rejects.toThrow(
          '403: Forbidden: bot was kicked from the supergroup chat',
        )
      },
    ))

  it('names the supergroup that a small group became', () =>
    withPollingBot(
      () => {},
      async (fake, bot) => {
        const ana = fake.person('Ana')
        const group = fake.group('Small', { members: [ana], kind: 'group' })
        const old = group.id
        group.becomeSupergroup(ana)
        await expect(bot.api.sendMessage(old, 'x')).rejects.toMatchObject({
          description: 'Bad Request: group chat was upgraded to a supergroup chat',
          parameters: { migrate_to_chat_id: group.id },
        })
        await bot.api.sendMessage(group.id, 'x')
      },
    ))
})
