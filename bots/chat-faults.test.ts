import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Database } from '../infra/db.ts'
import { openTestDatabase, type TestDatabase } from '../infra/testing/database.ts'
import { Talker } from './testing/crowd.ts'
import { openDiscordStage } from './testing/discord-stage.ts'
import type { Stage } from './testing/stage.ts'
import { openTelegramStage } from './testing/telegram-stage.ts'
import { makeTill, paidFor } from './testing/till.ts'

let opened: TestDatabase
let db: Database
beforeAll(async () => {
  opened = await openTestDatabase()
  db = opened.database
  await makeTill(db)
})
afterAll(() => opened.remove())

const PEOPLE = 12
/** Faults on each platform; the bar is 300 in all. */
const FAULTS = 170
const MOST_ROUNDS = 12

/** People talk while things go wrong and the bot dies once; what was owed, and how often each kind of fault came. */
const talkThroughFaults = async (stage: Stage, meanwhile?: () => Promise<void>) => {
  const before = await paidFor(db)
  const talkers = Array.from({ length: PEOPLE }, (_, number) => new Talker(stage, number))
  const talk = () => Promise.all(talkers.map(talker => talker.talk()))
  stage.storm(11, 0.3)
  await talk()
  for (const talker of talkers.slice(0, 3)) talker.sayAndBlock()
  await stage.answered()
  for (const talker of talkers.slice(0, 3)) talker.unblock()
  const dying = talk()
  await stage.restart(meanwhile)
  await dying
  for (let round = 0; stage.injected().length < FAULTS && round < MOST_ROUNDS; round++) await talk()
  stage.calm()
  await stage.answered()
  const paid = await paidFor(db)
  for (const what of before) paid.splice(paid.indexOf(what), 1)
  return {
    wrong: talkers.flatMap(talker => talker.faults()),
    lines: talkers.reduce((sum, { said }) => sum + said.length, 0),
    owed: talkers.flatMap(({ owed }) => owed).sort(),
    paid: paid.sort(),
    kinds: new Set(stage.injected().map(({ kind }) => kind)),
  }
}

const withStage = async <S extends Stage>(
  open: (db: Database) => Promise<S>,
  work: (stage: S) => Promise<void>,
) => {
  const stage = await open(db)
  try {
    await work(stage)
  } finally {
    await stage.close()
  }
}

describe('every line has exactly one reply, in order, and is paid for once', () => {
  it('through faults of Discord and the death of the process that leads', () =>
    withStage(openDiscordStage, async stage => {
      const slashed: { state(): string }[] = []
      const told = await talkThroughFaults(stage, async () => {
        for (let number = 0; number < 3; number++) slashed.push(stage.slash(`S${number}`))
        await stage.until(() => slashed.every(asked => asked.state() === 'deferred'))
        stage.pass(16)
      })
      expect(told.wrong).toEqual([])
      expect(told.paid).toEqual(told.owed)
      expect(await stage.db.waiting()).toBe(0)
      // Their interactions had expired: the answers are messages of their own.
      expect(stage.channel()).toHaveLength(slashed.length)
      expect(stage.injected().length).toBeGreaterThanOrEqual(FAULTS)
      expect([...told.kinds].sort()).toEqual(
        [
          ...['close-after', 'close-before', 'close-gateway', 'duplicate', 'late', 'malformed'],
          ...['out-of-order', 'rate-limit', 'reconnect', 'server-error'],
        ].sort(),
      )
    }))

  it('through faults of Telegram and the death of the process that leads', () =>
    withStage(openTelegramStage, async stage => {
      const told = await talkThroughFaults(stage)
      expect(told.wrong).toEqual([])
      expect(told.paid).toEqual(told.owed)
      expect(await stage.db.waiting()).toBe(0)
      expect(stage.injected().length).toBeGreaterThanOrEqual(FAULTS)
      expect([...told.kinds].sort()).toEqual([
        ...['close-after', 'close-before', 'duplicate', 'late', 'malformed', 'out-of-order'],
        ...['rate-limit', 'server-error'],
      ])
    }))
})
