import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Database } from '../../infra/db.ts'
import { openTestDatabase, type TestDatabase } from '../../infra/testing/database.ts'
import type { Place } from '../../infra/testing/telegram/fake-telegram.ts'
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

describe('in a group', () => {
  it('a vote is cast in the private chat, and the group is told where', async () => {
    const bot = await openTestBot(db)
    const ann = bot.fake.person('Ann')
    const group = bot.fake.group('Bees', { members: [ann] })
    ann.start()
    await bot.answered()
    ann.say(group, '/vote beekeeping yes')
    await bot.answered()
    expect(said(bot, group)).toEqual(['I answered you in our private chat.'])
    expect(said(bot, ann).at(-1)).toContain('Vote yes on beekeeping?')
    await ann.press(bot.fake.last(ann), 'Yes').answered
    await bot.answered()
    expect(said(bot, ann).at(-1)).toContain('Your vote weighs')
    expect(bot.story.calls.at(-1)).toMatchObject({ verb: 'vote', input: { choice: 'yes' } })
  })

  it('who never opened the private chat is led there by a link that carries the command', async () => {
    const bot = await openTestBot(db)
    const ann = bot.fake.person('Ann')
    const group = bot.fake.group('Bees', { members: [ann] })
    ann.say(group, '/deposit 5')
    await bot.answered()
    const pointer = bot.fake.last(group)
    expect(readable(pointer.text)).toContain('open our private chat')
    expect(ann.press(pointer, 'Open the private chat').url).toBe('https://t.me/tributary_bot?start=deposit_5')
    ann.start('deposit_5')
    await bot.answered()
    expect(said(bot, group)).toHaveLength(1)
    expect(said(bot, ann).at(-1)).toContain('Move 5 tokens')
  })

  it('an answer to all stands in the group, under what was asked', async () => {
    const bot = await openTestBot(db)
    const ann = bot.fake.person('Ann')
    const group = bot.fake.group('Bees', { members: [ann], forum: true, bot: 'administrator' })
    const topic = group.openTopic(ann, 'Questions')
    const asked = ann.say(topic, '/status')
    await bot.answered()
    const answer = bot.fake.last(topic)
    expect(answer.message.reply_to_message?.message_id).toBe(asked.id)
    expect(answer.thread).toBe(topic.thread)
  })

  it('a message is contributed by replying to it, and its author is named without a ping', async () => {
    const bot = await openTestBot(db, { story: openStory([{ state: 'gathering', release: null }]) })
    const [ann, bob] = [bot.fake.person('Ann'), bot.fake.person('Bob')]
    const group = bot.fake.group('Bees', { members: [ann, bob] })
    ann.start()
    const words = bob.say(group, 'A small hive.')
    ann.say(group, '/contribute beekeeping What is a nuc?', { replyTo: words })
    await bot.answered()
    expect(said(bot, ann).at(-1)).toContain('The answer is taken from a message of Bob.')
    ann.say('CC0-1.0')
    await bot.answered()
    await ann.press(bot.fake.last(ann), 'Yes').answered
    await bot.answered()
    expect(bot.story.calls.at(-1)).toMatchObject({
      verb: 'contribute',
      input: { rows: [{ question: 'What is a nuc?', answer: 'A small hive.' }] },
    })
  })

  it('what people and bots say to each other is not kept', async () => {
    const bot = await openTestBot(db)
    const ann = bot.fake.person('Ann')
    const group = bot.fake.group('Bees', { members: [ann], privacy: false })
    ann.say(group, 'bees are nice')
    await bot.answered()
    expect(await db.query('select 1 from chat_updates')).toEqual([])
  })

  it('only an admin sets it up', async () => {
    const bot = await openTestBot(db)
    const [ann, ben] = [bot.fake.person('Ann'), bot.fake.person('Ben')]
    const group = bot.fake.group('Bees', { admins: [ann], members: [ben] })
    for (const person of [ann, ben]) person.start()
    ben.say(group, '/setup')
    await bot.answered()
    expect(said(bot, ben).at(-1)).toContain('Only an admin')
    expect(await bot.chats.communities('telegram')).toEqual([])
    ann.say(group, '/setup')
    await bot.answered()
    expect(await bot.chats.communities('telegram')).toMatchObject([{ community: String(group.id) }])
  })

  it('whom an admin mutes, by name or in reply, is not answered there any more', async () => {
    const bot = await openTestBot(db)
    const [ann, ben, eve] = [bot.fake.person('Ann'), bot.fake.person('Ben'), bot.fake.person('Eve')]
    const group = bot.fake.group('Bees', { admins: [ann], members: [ben, eve] })
    ann.start()
    const asked = ben.say(group, '/status')
    eve.say(group, '/help')
    await bot.answered()
    ann.say(group, '/mute', { replyTo: asked })
    ann.say(group, `/mute @${eve.user.username}`)
    await bot.answered()
    const before = said(bot, group).length
    for (const person of [ben, eve]) person.say(group, '/status')
    await bot.answered()
    expect(said(bot, group)).toHaveLength(before)
  })

  it('a thread is a topic, the same one for the same name; without topics it is the group', async () => {
    const bot = await openTestBot(db)
    const ann = bot.fake.person('Ann')
    const forum = bot.fake.group('Forum', { admins: [ann], forum: true, bot: 'administrator' })
    const plain = bot.fake.group('Plain', { admins: [ann] })
    const place = (id: number) => ({ platform: 'telegram', chat: String(id), community: String(id) }) as const
    const { thread } = bot.telegram.platform
    const opened = await thread(place(forum.id), 'beekeeping')
    expect(opened.chat).toBe(`${forum.id}/${forum.topic('beekeeping')?.thread}`)
    expect(await thread(place(forum.id), 'beekeeping')).toEqual(opened)
    expect(bot.fake.counts().createForumTopic).toBe(1)
    expect(await thread(place(plain.id), 'beekeeping')).toEqual(place(plain.id))
  })
})
