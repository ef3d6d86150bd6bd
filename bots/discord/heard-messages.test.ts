import { describe, expect, it } from 'vitest'
import { silentLog } from '../../infra/log.ts'
import type { Incoming } from '../chat/platform.ts'
import { openHeardMessages } from './heard-messages.ts'

const BOT = '900'

const listening = () => {
  const received: Incoming[] = []
  const hear = openHeardMessages({
    log: silentLog,
    botId: () => BOT,
    manages: (_, subject) => subject === '7',
    receive: async incoming => {
      received.push(incoming)
      return 'new'
    },
    keepFile: async () => 'f'.repeat(64),
  })
  return { received, hear }
}

const message = (part: object = {}) => ({
  id: '1573735828209795073',
  channel_id: '5',
  type: 0,
  content: 'hello',
  author: { id: '7', username: 'ann', global_name: 'Ann' },
  mentions: [],
  attachments: [],
  ...part,
})
const inServer = {
  guild_id: '3',
  mentions: [{ id: BOT, username: 'tributary' }],
  member: { nick: 'Annie', roles: ['4'] },
}

describe('messages that are heard', () => {
  it('are all of a private chat, and in a server those that mention the bot', async () => {
    const { received, hear } = listening()
    await hear(message())
    await hear(message({ ...inServer, content: `<@${BOT}> what is <@12> doing` }))
    await hear(message({ ...inServer, mentions: [] }))
    expect(
      received.map(({ act, place, person }) => [act, place.community, person.name, person.admin]),
    ).toEqual([
      [{ kind: 'line', line: 'hello', addressed: true }, null, 'Ann', false],
      [{ kind: 'line', line: 'what is @somebody doing', addressed: true }, '3', 'Annie', true],
    ])
  })

  it('are none of a program, of the bot itself, or of Discord', async () => {
    const { received, hear } = listening()
    await hear(message({ author: { id: '8', username: 'other', bot: true } }))
    await hear(message({ author: { id: BOT, username: 'tributary', bot: true } }))
    await hear(message({ webhook_id: '1' }))
    await hear(message({ type: 7 }))
    expect(received).toEqual([])
  })

  it('end nothing where they are malformed', async () => {
    const { received, hear } = listening()
    for (const raw of [
      null,
      3,
      {},
      message({ id: 'x' }),
      message({ author: null }),
      message({ attachments: [{}] }),
    ])
      await hear(raw)
    expect(received).toEqual([])
  })

  it('name the moment and the order by Discord’s own clock', async () => {
    const { received, hear } = listening()
    await hear(message())
    expect(received[0]).toMatchObject({
      key: '1573735828209795073',
      order: '1573735828209795073',
      answerTo: { message: '1573735828209795073' },
    })
    expect(received[0]?.at).toMatch(/^2026-/)
  })

  it('say what to send where a file cannot be had', async () => {
    const { received, hear } = listening()
    const attachments = [{ filename: 'a.csv', size: 10 ** 9, url: 'http://127.0.0.1:1/a.csv' }]
    await hear(message({ attachments, content: '' }))
    expect(received[0]?.act).toEqual({ kind: 'line', line: '/help contribute', addressed: true })
  })
})
