import { expect, it } from 'vitest'
import { fault } from '../../infra/errors.ts'
import { silentLog } from '../../infra/log.ts'
import { unreachable } from '../testing/paper-platform.ts'
import { takeBack } from './take-back.ts'

const contributed = { subject: 'ann', update: '1', message: '2' }

const trying = (...outcomes: ('taken' | 'nothing' | 'not-yet' | Error)[]) => {
  let tries = 0
  const chats = {
    takeBack: async () => {
      const outcome = outcomes[Math.min(tries++, outcomes.length - 1)] ?? 'nothing'
      if (outcome instanceof Error) throw outcome
      return outcome
    },
  }
  const { signal } = new AbortController()
  const done = takeBack(
    { chats, platform: 'discord', log: silentLog, signal, wait: async () => {} },
    contributed,
  )
  return done.then(() => tries)
}

it('waits for the answer that contributes, and for a database that is away', async () => {
  expect(await trying('not-yet', unreachable(), 'taken')).toBe(3)
  expect(await trying('nothing')).toBe(1)
})

it('ends where no answer ever contributes, and at once where no try would help', async () => {
  expect(await trying('not-yet')).toBe(60)
  await expect(trying(fault('x', 'No.', { fix: '' }), 'taken')).rejects.toMatchObject({ code: 'x' })
})
