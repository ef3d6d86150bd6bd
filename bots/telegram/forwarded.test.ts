import type { Message, Update } from 'grammy/types'
import { expect, it } from 'vitest'
import { commandsOf } from '../commands.ts'
import { openStory } from '../testing/story.ts'
import { openNames } from './names.ts'
import { openSeen } from './seen.ts'
import { readUpdate } from './update.ts'

const readable = {
  me: { id: 1, is_bot: true, username: 'tributary_bot' } as never,
  commands: commandsOf(openStory().verbs),
  seen: openSeen(),
  names: openNames(),
  now: () => 0,
}
const eve = { id: 66, is_bot: false, first_name: 'Eve' }
const forwarded = (part: Partial<Message>): Update =>
  ({
    update_id: 1,
    message: {
      message_id: 5,
      date: 1,
      chat: { id: 9, type: 'private', first_name: 'Ann' },
      from: { id: 9, is_bot: false, first_name: 'Ann' },
      forward_origin: { type: 'user', date: 1, sender_user: eve },
      ...part,
    },
  }) as Update

it.each(['/vote beekeeping yes', '/start link_ABC', 'yes', 'Ok!', 'vote'])(
  'a forwarded "%s" is not obeyed',
  text => {
    expect(readUpdate(forwarded({ text }), readable)).toMatchObject({
      kind: 'remark',
      sentence: expect.stringContaining('I do not obey forwarded messages'),
    })
  },
)

it('a forwarded file with a command under it is not obeyed', () => {
  const document = { file_id: 'f', file_unique_id: 'f', file_name: 'rows.csv' }
  const happening = readUpdate(forwarded({ document, caption: '/contribute bees' }), readable)
  expect(happening).toMatchObject({ kind: 'remark' })
})

it('forwarded words are heard as what they are', () => {
  expect(readUpdate(forwarded({ text: 'a | b' }), readable)).toMatchObject({
    kind: 'act',
    incoming: { act: { line: 'a | b' } },
  })
})
