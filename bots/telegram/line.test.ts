import type { Message } from 'grammy/types'
import { describe, expect, it } from 'vitest'
import { commandsOf } from '../commands.ts'
import { openStory } from '../testing/story.ts'
import { addressedLine, contributedMessage, isOrder, menuName, startPayload } from './line.ts'
import { menusOf } from './menu.ts'

const me = { id: 7, is_bot: true, first_name: 'Tributary', username: 'tributary_bot' } as never
const commands = commandsOf(openStory().verbs)

const message = (text: string, more: Partial<Message> = {}): Message =>
  ({ message_id: 1, date: 0, chat: { id: 5, type: 'private', first_name: 'Ann' }, text, ...more }) as Message
const inGroup = (text: string, more: object = {}): Message =>
  message(text, { chat: { id: -100, type: 'supergroup', title: 'Bees' }, ...more } as Partial<Message>)
const line = (told: Message) => addressedLine(told, { me, commands })

describe('a line on Telegram', () => {
  it.each([
    ['/start', '/start'],
    ['/start contribute_bees', '/contribute bees'],
    ['/start ask_med-qa', '/model med-qa'],
    ['/start vote_bees', '/vote bees'],
    ['/start feedback_up', '/start'],
    ['/start nonsense', '/start'],
    ['/vote@Tributary_Bot bees yes', '/vote bees yes'],
    ['/nosuch thing', '/nosuch thing'],
    ['/\u2060vote bees', '/vote bees'],
    ['What is a nuc?', 'What is a nuc?'],
  ])('reads %s in a private chat', (text, read) => {
    expect(line(message(text))).toBe(read)
  })

  it('hears in a group only commands, mentions and replies to the bot', () => {
    const reply = { reply_to_message: { from: { id: 7 }, message_id: 3, text: 'Which?' } }
    const opening = {
      reply_to_message: { from: { id: 7 }, message_id: 3, forum_topic_created: { name: 'x' } },
    }
    const mention = { entities: [{ type: 'mention', offset: 4, length: 14 }] }
    expect(line(inGroup('bees are nice'))).toBeNull()
    expect(line(inGroup('bees', opening))).toBeNull()
    expect(line(inGroup('/vote@other_bot bees yes'))).toBeNull()
    expect(line(inGroup('/nosuch'))).toBeNull()
    expect(line(inGroup('/status'))).toBe('/status')
    expect(line(inGroup('CC0-1.0', reply))).toBe('CC0-1.0')
    expect(line(inGroup('Hey @Tributary_Bot what is a nuc?', mention))).toBe('Hey  what is a nuc?')
  })

  it('takes the message that a contribution replies to as the answer', () => {
    const told = (text: string, answer: string) =>
      contributedMessage(
        text,
        inGroup(text, {
          reply_to_message: { message_id: 2, from: { id: 8, first_name: 'Bob' }, text: answer },
        }),
        me,
      )
    expect(told('/contribute bees What is a nuc?', 'A small hive.')).toEqual({
      author: 'Bob',
      words: { proposal: 'bees', rows: '[{"question":"What is a nuc?","answer":"A small hive."}]' },
    })
    expect(told('/contribute bees', 'a | b')?.words).toEqual({ proposal: 'bees', rows: 'a | b' })
    expect(told('/contribute bees', 'A small hive.')?.words).toBeNull()
    expect(contributedMessage('/contribute bees', message('/contribute bees'), me)).toBeNull()
  })

  it('is an order where it is a command or a yes', () => {
    for (const order of ['/consent bees', ' /vote', 'vote', 'Status?', 'yes', 'OK.'])
      expect(isOrder(order, commands)).toBe(true)
    for (const words of ['What is a nuc?', 'a | b', 'bees', 'yes, it is', 'no'])
      expect(isOrder(words, commands)).toBe(false)
  })

  it('fits a command into a link where a link can carry it', () => {
    expect(startPayload('/vote bees')).toBe('vote_bees')
    expect(startPayload('/vote bees yes')).toBeNull()
    expect(startPayload(`/vote ${'b'.repeat(60)}`)).toBeNull()
    expect(startPayload('yes')).toBeNull()
  })
})

describe('the menus of commands', () => {
  it('stay within what Telegram takes, for any verb', () => {
    const [first] = commands
    const many = Array.from({ length: 120 }, (_, at) => ({
      ...first!,
      name: `verb-${at}`,
      summary: 'x'.repeat(400),
    }))
    for (const { commands: listed } of menusOf([...many, { ...first!, name: 'n'.repeat(33) }])) {
      expect(listed).toHaveLength(100)
      for (const { command, description } of listed) {
        expect(command).toMatch(/^[a-z0-9_]{1,32}$/)
        expect(description.length).toBeLessThanOrEqual(256)
      }
    }
    expect(menuName('show-receipt')).toBe('show_receipt')
    expect(menuName('größe')).toBeNull()
  })

  it('offer setting up to admins only, and first', () => {
    const listed = (type: string) =>
      menusOf(commands)
        .find(({ scope }) => scope.type === type)
        ?.commands.map(({ command }) => command) ?? []
    expect(listed('all_chat_administrators').slice(0, 4)).toEqual(['help', 'setup', 'mute', 'unmute'])
    expect(listed('all_group_chats')).not.toContain('setup')
    expect(listed('all_private_chats')).toContain('quiet')
  })
})
