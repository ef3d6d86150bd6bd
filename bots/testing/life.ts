import type { Database } from '../../infra/db.ts'
import { fault } from '../../infra/errors.ts'
import type { Platform } from '../chat/platform.ts'

/**
 * A process of a test, of which several share one. `frozen`: what it sends may arrive, but it never hears of it; `dead`: the
 * same, and its database is gone too.
 */
export interface Life {
  state: 'alive' | 'frozen' | 'dead'
}

const never = (): Promise<never> => new Promise(() => {})

/** The database, for as long as the process lives. */
export const mortalDatabase = (db: Database, life: Life): Database => {
  const breathe = (): void => {
    if (life.state === 'dead')
      throw fault('database-gone', 'The process is dead.', { fix: 'Start it again.', retry: true })
  }
  const mortal = Object.create(db) as Database
  return Object.assign(mortal, {
    query: async (...input: Parameters<Database['query']>) => {
      breathe()
      return db.query(...input)
    },
    tx: async (...input: Parameters<Database['tx']>) => {
      breathe()
      return db.tx(...input)
    },
  })
}

/** The platform, for as long as the process lives: every second message that it sends after that arrives. */
export const mortalPlatform = (platform: Platform, life: Life): Platform => {
  let sent = 0
  return {
    ...platform,
    editMilliseconds: 0,
    answer: async (incoming, view, shown) => {
      if (life.state !== 'alive' && sent++ % 2 === 0) return never()
      const outcome = await platform.answer(incoming, view, shown)
      return life.state === 'alive' ? outcome : never()
    },
  }
}
