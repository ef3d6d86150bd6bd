import { describe, expect, it } from 'vitest'
import { fault } from '../../infra/errors.ts'
import { silentLog } from '../../infra/log.ts'
import type { Incoming } from '../chat/platform.ts'
import { openHeardMessages } from './heard-messages.ts'

const BOT = '900'

const gone = fault('database-gone', 'The database is gone.', { fix: 'Wait.', retry: true })

const listening = (receive: () => Promise<void> = async () => {}) => {
  const received: Incoming[] = []
  const waits: number[] = []
  const remarks: string[] = []
  const hear = openHeardMessages({
    log: silentLog,
    botId: () => BOT,
    manages: (_, subject) => subject === '7',
    wait: async milliseconds => {
      waits.push(milliseconds)
    },
    now: () => waits.reduce((sum, wait) => sum + wait, 0),
    remark: async ({ channel, message }, { text }) => {
      remarks.push(`${channel}/${message}: ${text}`)
    },
    admitsFile: async () => true,
    receive: async incoming => {
      await receive()
      received.push(incoming)
      return 'new'
    },
    keepFile: async () => 'f'.repeat(64),
  })
  return { received, hear, waits, remarks }
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

  it('name whom an admin mutes by their id, mentioned or answered', async () => {
    const { received, hear } = listening()
    const mentions = [...inServer.mentions, { id: '12', username: 'eve' }]
    await hear(message({ ...inServer, mentions, content: `<@${BOT}> /mute <@12>` }))
    const answered = { author: { id: '13', username: 'ben' } }
    await hear(message({ ...inServer, content: `<@${BOT}> /unmute`, referenced_message: answered }))
    const lines = received.map(({ act }) => (act.kind === 'line' ? act.line : ''))
    expect(lines).toEqual(['/mute <@12>', '/unmute <@13>'])
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

  it('are heard of a person again after one that broke what reads them', async () => {
    const { received, hear } = listening()
    // Digits, but more than Discord's clock has.
    await expect(hear(message({ id: '9'.repeat(40) }))).rejects.toThrow()
    await hear(message())
    expect(received).toHaveLength(1)
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

  it('say how large a file may be where one is too large, and read nothing of that message', async () => {
    const { received, hear, remarks } = listening()
    const attachments = [{ filename: 'a.csv', size: 10 ** 9, url: 'http://127.0.0.1:1/a.csv' }]
    await hear(message({ attachments, content: '/contribute bees' }))
    expect(received).toEqual([])
    expect(remarks).toEqual([expect.stringMatching(/^5\/\d+: .*10 MB.*Split it/)])
  })

  it('say that a file did not come where Discord does not hand it out', async () => {
    const { hear, remarks } = listening()
    await hear(message({ attachments: [{ filename: 'a.csv', size: 3, url: 'http://127.0.0.1:1/a.csv' }] }))
    expect(remarks).toEqual([expect.stringContaining('did not hand me that file')])
  })

  it('are kept through half a minute without a database', async () => {
    let failures = 6
    const { received, hear, waits, remarks } = listening(async () => {
      if (failures-- > 0) throw gone
    })
    await hear(message())
    expect(received).toHaveLength(1)
    expect(waits).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000])
    expect(remarks).toEqual([])
  })

  it('are told to be lost where the database stays away, those behind them without waiting as long again', async () => {
    const { received, hear, waits, remarks } = listening(async () => {
      throw gone
    })
    await Promise.all([hear(message()), hear(message({ id: '1573735828209795074' }))])
    expect(received).toEqual([])
    expect(remarks).toEqual(Array(2).fill(expect.stringContaining('I could not keep what you sent')))
    expect(Math.max(...waits)).toBe(30_000)
    expect(waits.length).toBeLessThan(10)
  })
})
