import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Database } from '../../infra/db.ts'
import type { Log } from '../../infra/log.ts'
import { openTestDatabase, type TestDatabase } from '../../infra/testing/database.ts'
import { openFakeDiscord } from '../../infra/testing/discord/fake-discord.ts'
import { type Hive, type HiveOptions, openHive } from './testing/open-hive.ts'

let opened: TestDatabase
let db: Database
beforeAll(async () => {
  opened = await openTestDatabase()
  db = opened.database
})
afterAll(() => opened.remove())

const inHive = async (work: (hive: Hive) => Promise<void>, options: HiveOptions = {}): Promise<void> => {
  const hive = await openHive(db, { desk: { wait: async () => {} }, ...options })
  try {
    await work(hive)
  } finally {
    await hive.close()
  }
}

describe('the bot', () => {
  it('registers its commands once, and again only where they changed', async () => {
    const fake = await openFakeDiscord()
    await inHive(async () => {}, { fake })
    await inHive(async () => {}, { fake })
    expect(fake.counts()['PUT /applications/:id/commands']).toBe(1)
    await fake.close()
  })

  it('opens one thread for one name, whatever was lost between', () =>
    inHive(async hive => {
      const place = {
        platform: 'discord',
        chat: hive.guild.channel('general').id,
        community: hive.guild.id,
      } as const
      const route = 'POST /channels/:id/messages/:message/threads'
      hive.fake.faults.add({ on: route, kind: 'close-after', socket: 'end' })
      const { platform } = hive.discord
      await expect(platform.thread(place, 'beekeeping')).rejects.toMatchObject({ retry: true })
      const thread = await platform.thread(place, 'beekeeping')
      expect(await platform.thread(place, 'beekeeping')).toEqual(thread)
      expect(hive.fake.threads('general')).toEqual([{ id: thread.chat, name: 'beekeeping' }])
    }))

  it('says what is wrong where it is refused or lacks a permission', async () => {
    const fake = await openFakeDiscord()
    await expect(openHive(db, { fake: { ...fake, token: 'wrong' } })).rejects.toMatchObject({
      code: 'discord-token-refused',
      blame: 'operator',
    })
    await fake.close()
  })

  it('logs no word of what people write, and no token', async () => {
    const lines: string[] = []
    const note = (event: string, facts: unknown = {}): void => {
      lines.push(
        event,
        JSON.stringify(facts, (_, value) =>
          value instanceof Error ? { ...value, stack: value.stack } : value,
        ),
      )
    }
    const log: Log = { info: note, warn: note, error: note, with: () => log }
    await inHive(
      async hive => {
        hive.fake.faults.mix({ seed: 3, rate: 0.3, events: [] })
        hive.ann.dm('/nosuch honeycomb')
        hive.ann.slash('general', 'say', { line: 'honeycomb?' })
        hive.ann.say('general', 'honeycomb', { mention: true })
        await hive.answered(3)
      },
      { log },
    )
    expect(lines.length).toBeGreaterThan(2)
    expect(lines.join('\n')).not.toMatch(/honeycomb|fake-token|interaction-\d/)
  })

  it('examines itself: what is missing is named, with what to do', () =>
    inHive(async hive => {
      const findings = await hive.discord.doctor()
      expect(findings.every(({ ok, fix }) => ok === (fix === ''))).toBe(true)
      expect(findings.filter(({ ok }) => !ok)).toEqual([])
      hive.ann.slash('general', 'setup', { channel: hive.guild.channel('general').id })
      await hive.answered()
      hive.fake.deleteChannel('general')
      await hive.fake.settled()
      const found = (await hive.discord.doctor()).filter(
        ({ ok, what }) => !ok && what.includes(hive.guild.id),
      )
      expect(found).toMatchObject([{ fix: expect.stringContaining('/setup') }])
    }))
})
