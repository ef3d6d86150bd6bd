import { expect, it } from 'vitest'
import { mayCall } from '../tools/registry.ts'
import { verbs } from '../tools/verbs.ts'
import { commandsOf } from './commands.ts'

/** What a surface does by itself, or what says nothing to people. */
const unspoken = ['acknowledge', 'bom', 'embed', 'join', 'notices']

it('chats offer every verb that a member or anybody may call, and no other', () => {
  const offered = commandsOf(verbs).map(({ name }) => name)
  const allowed = verbs.filter(
    ({ who, name }) => (who.includes('member') || who.includes('anyone')) && !unspoken.includes(name),
  )
  expect(offered).toEqual(allowed.map(({ name }) => name))
})

it('a person without an account is let through only to what is anybody’s', () => {
  const stranger = { role: 'anyone', accountId: null, surface: 'discord' } as const
  for (const { verb } of commandsOf(verbs))
    expect(mayCall(verb, stranger), verb.name).toBe(verb.who.includes('anyone'))
})
