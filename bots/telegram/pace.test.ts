import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { REAL_LIMITS, SendMeter } from '../../infra/testing/telegram/send-limits.ts'
import { candidates } from './lost.ts'
import { openPacer, telegramPace } from './pace.ts'
import { openSeen } from './seen.ts'

describe('the pace', () => {
  it('keeps within what Telegram takes, however much is sent to whom', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({ chat: fc.integer({ min: -2, max: 12 }), gap: fc.integer({ min: 0, max: 300 }) }),
          {
            minLength: 50,
            maxLength: 200,
          },
        ),
        async sent => {
          let now = 0
          let waited = 0
          const pacer = openPacer(
            telegramPace,
            async milliseconds => {
              waited = milliseconds
            },
            () => now,
          )
          const sends: { at: number; chat: number }[] = []
          const prev = (async () => ({ ok: true, result: true })) as never
          for (const { chat, gap } of sent) {
            now += gap
            waited = 0
            await pacer.transformer(prev, 'sendMessage', { chat_id: chat, text: '' })
            sends.push({ at: now + waited, chat })
          }
          let clock = 0
          const meter = new SendMeter(REAL_LIMITS, () => clock)
          for (const { at, chat } of sends.sort((a, b) => a.at - b.at)) {
            clock = at
            expect(
              meter.count('sendMessage', { id: chat, kind: chat < 0 ? 'supergroup' : 'private' }),
            ).toBeUndefined()
          }
        },
      ),
      { numRuns: 50 },
    )
  })

  it('holds up neither polls nor answers to presses', async () => {
    const pacer = openPacer({ perSecond: 0.001, chatBurst: 1, groupPerMinute: 20 }, () =>
      Promise.reject(new Error('waited')),
    )
    const prev = (async () => ({ ok: true, result: true })) as never
    for (let count = 0; count < 20; count++) {
      await pacer.transformer(prev, 'getUpdates', {})
      await pacer.transformer(prev, 'answerCallbackQuery', { callback_query_id: '1' })
    }
    expect(pacer.plenty(5)).toBe(true)
  })
})

describe('the search for a lost message', () => {
  it('leaves out what is known, of this chat and of all that share its numbers', () => {
    const seen = openSeen()
    seen.note({ chat: 5, message: 12 })
    seen.note({ chat: -20, message: 13 })
    seen.note({ chat: -1_000_000_000_001, message: 14 })
    const found = [...candidates(seen, { chat: 7, after: 10, crashed: true }, ['7/15', '8/16'])]
    expect(found.slice(0, 4)).toEqual([11, 14, 16, 17])
    expect(found).toHaveLength(30)
  })

  it('goes little beyond what this process knows to have been sent', () => {
    const seen = openSeen()
    for (let message = 1; message <= 100; message++) if (message !== 40) seen.note({ chat: 5, message })
    const found = [...candidates(seen, { chat: 5, after: 10, crashed: false }, [])]
    expect(found).toEqual([40, 101, 102, 103, 104, 105, 106, 107, 108])
  })
})
