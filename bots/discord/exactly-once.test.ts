import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Database } from '../../infra/db.ts'
import { openTestDatabase, type TestDatabase } from '../../infra/testing/database.ts'
import { type FakeDiscord, openFakeDiscord } from '../../infra/testing/discord/fake-discord.ts'
import type { Desk } from '../chat/desk.ts'
import { type Hive, type HiveOptions, openHive } from './testing/open-hive.ts'

let opened: TestDatabase
let db: Database
beforeAll(async () => {
  opened = await openTestDatabase()
  db = opened.database
})
afterAll(() => opened.remove())

const desk = { wait: async () => {} }
const said = (hive: Hive, channel?: string) => hive.read(channel).filter(({ byBot }) => byBot)
const inHive = async (work: (hive: Hive) => Promise<void>, options: HiveOptions = {}): Promise<void> => {
  const hive = await openHive(db, { desk, ...options })
  try {
    await work(hive)
  } finally {
    await hive.close()
  }
}

/** A desk that keeps what it hears and answers nothing, as one that dies before it can. */
const dying = (desk: Desk): Desk => ({
  receive: incoming => desk.receive(incoming),
  start: () => {},
  stop: async () => {},
  idle: async () => {},
  look: async () => {},
})

/** What two processes leave, of which the first dies after it kept what was sent. */
const inTwoLives = async (
  fake: FakeDiscord,
  first: (hive: Hive) => Promise<void>,
  second: (hive: Hive, first: Hive) => Promise<void>,
): Promise<void> => {
  const dead = await openHive(db, { desk, fake, around: dying })
  await first(dead)
  await dead.answered()
  await dead.discord.close()
  const next = await openHive(db, { desk, fake })
  await next.discord.desk.idle()
  await second(next, dead)
  await next.close()
  await fake.close()
}

describe('acknowledgement', () => {
  it('comes in time while the database is slow', () => {
    let release = (): void => {}
    const held = new Promise<void>(done => {
      release = done
    })
    const around = (desk: Desk): Desk => ({
      ...dying(desk),
      receive: async incoming => {
        await held
        return desk.receive(incoming)
      },
      start: () => desk.start(),
      stop: () => desk.stop(),
      idle: () => desk.idle(),
    })
    return inHive(
      async hive => {
        const asked = hive.ann.slash('general', 'help')
        await asked.acknowledged(2_500)
        expect(asked.state()).toBe('deferred')
        release()
        await asked.answered()
      },
      { around },
    )
  })

  it('comes although storing fails, and the person hears that nothing was kept', () =>
    inHive(
      async hive => {
        const answer = await hive.ann.slash('general', 'help').answered()
        expect(answer.text).toContain('could not keep')
      },
      {
        around: desk => ({
          ...dying(desk),
          receive: async () => {
            throw new Error('the disk is full')
          },
        }),
      },
    ))
})

describe('acknowledgement that is lost', () => {
  const route = 'POST /interactions/:id/:token/callback'

  it('is repeated, and the answer comes where it was promised', () =>
    inHive(async hive => {
      hive.fake.faults.add({ on: route, kind: 'close-after', socket: 'end' })
      await hive.ann.slash('general', 'help').answered()
      await hive.answered()
      expect(said(hive, 'general')).toHaveLength(1)
    }))

  it('leaves the answer to a message of its own, in private where it is private', () =>
    inHive(async hive => {
      hive.fake.faults.add({ on: route, kind: 'close-before', socket: 'end', times: 12 })
      hive.ann.slash('general', 'help')
      await hive.answered()
      hive.ann.slash('general', 'deposit', { tokens: '5' })
      await hive.answered()
      expect(said(hive, 'general').map(({ ephemeral }) => ephemeral)).toEqual([false])
      expect(
        said(hive)
          .map(({ text }) => text)
          .join(),
      ).toContain('Move 5 tokens')
    }))
})

describe('a reply', () => {
  it('comes after a crash into the message that was promised', async () => {
    const fake = await openFakeDiscord()
    let asked: ReturnType<Hive['ann']['slash']>
    await inTwoLives(
      fake,
      async hive => {
        asked = hive.ann.slash(hive.guild.channel('general').id, 'vote', {
          proposal: 'beekeeping',
          choice: 'yes',
        })
        await asked.acknowledged()
      },
      async (_, { ann, guild }) => {
        expect((await asked.answered()).text).toContain('Vote yes on beekeeping')
        expect(
          fake.messages(guild.channel('general'), { as: ann }).filter(({ byBot }) => byBot),
        ).toHaveLength(1)
      },
    )
  })

  it('comes as a private message once the interaction has expired', async () => {
    let now = new Date('2026-03-01T10:00:00Z')
    const fake = await openFakeDiscord({ clock: { now: () => now } })
    await inTwoLives(
      fake,
      async hive => {
        await hive.ann.slash(hive.guild.channel('general').id, 'deposit', { tokens: '5' }).acknowledged()
        now = new Date(now.getTime() + 16 * 60_000)
      },
      async (_, { ann }) => {
        const [only, ...others] = fake.messages(ann.dms).filter(({ byBot }) => byBot)
        expect(only?.text).toContain('Move 5 tokens')
        expect(others).toEqual([])
      },
    )
  })

  it('stands once where the answer to sending it was lost, even after Discord forgot its nonce', async () => {
    let now = new Date('2026-04-01T10:00:00Z')
    const fake = await openFakeDiscord({ clock: { now: () => now } })
    await inHive(
      async hive => {
        fake.faults.add({ on: 'POST /channels/:id/messages', kind: 'close-after', socket: 'end' })
        const lost = fake
          .next(event => event.kind === 'message')
          .then(() => {
            now = new Date(now.getTime() + 10 * 60_000)
          })
        hive.ann.dm('/help')
        await lost
        await hive.answered()
        expect(said(hive)).toHaveLength(1)
        expect(fake.faults.injected).toHaveLength(1)
      },
      { fake },
    )
    await fake.close()
  })

  it('is given up where the person blocked the bot, and the next one is not', () =>
    inHive(async hive => {
      hive.ann.block()
      hive.ann.dm('/help')
      await hive.answered()
      expect(said(hive)).toEqual([])
      hive.ann.unblock()
      hive.ann.dm('/help')
      await hive.answered()
      expect(said(hive)).toHaveLength(1)
    }))

  it('comes once for what Discord tells twice, out of order, or broken first', () =>
    inHive(async hive => {
      for (const kind of ['duplicate', 'out-of-order', 'malformed', 'close-gateway', 'reconnect'] as const)
        hive.fake.faults.add({ on: 'MESSAGE_CREATE', kind })
      for (const kind of ['malformed', 'duplicate'] as const)
        hive.fake.faults.add({ on: 'INTERACTION_CREATE', kind })
      const asked = [1, 2].map(() => hive.ann.slash('general', 'help'))
      for (const one of asked) await one.answered()
      for (let sent = 0; sent < 6; sent++) {
        hive.ann.dm(`/nosuch${sent}`)
        await hive.fake.settled()
      }
      await hive.fake.settled()
      await hive.discord.desk.idle()
      const texts = said(hive).map(({ text }) => text)
      expect(texts).toHaveLength(6)
      for (let sent = 0; sent < 6; sent++)
        expect(texts.filter(text => text.includes(`nosuch${sent}`))).toHaveLength(1)
      expect(said(hive, 'general')).toHaveLength(2)
    }))

  it('comes once for each of sixty while one request in five goes wrong', () =>
    inHive(async hive => {
      hive.fake.faults.mix({ seed: 7, rate: 0.2, events: [] })
      const people = Array.from({ length: 12 }, (_, at) => hive.fake.person(`P${at}`, { guild: hive.guild }))
      for (let round = 0; round < 5; round++) for (const person of people) person.dm(`/nosuch${round}`)
      await hive.answered(60)
      for (const person of people) {
        const texts = hive.fake
          .messages(person.dms)
          .filter(({ byBot }) => byBot)
          .map(({ text }) => text)
        expect(texts.map(text => /nosuch(\d)/.exec(text)?.[1])).toEqual(['0', '1', '2', '3', '4'])
      }
      expect(hive.fake.faults.injected.length).toBeGreaterThan(5)
    }))
})
