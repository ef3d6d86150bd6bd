import type { Api } from 'grammy'
import type { Person } from '../chat/platform.ts'
import { Recent } from '../chat/recent.ts'

/** What a person is in a group. */
export type Standing = Pick<Person, 'admin' | 'roles'>

const KEPT_MS = 60_000
const MOST = 10_000

/**
 * Opens the knowledge of who is what in a group, a minute old at most. Telegram has no roles: `owner`, `admin` and `member`
 * serve as such, and the title that an admin was given.
 */
export const openMembers = (api: Api, now: () => number) => {
  const known = new Recent<string, { at: number; standing: Promise<Standing> }>(MOST)
  return (chat: number, user: number): Promise<Standing> => {
    if (chat > 0) return Promise.resolve({ admin: false, roles: [] })
    const key = `${chat}/${user}`
    const last = known.get(key)
    if (last !== undefined && now() - last.at < KEPT_MS) return last.standing
    const standing = api.getChatMember(chat, user).then(
      (member): Standing => {
        if (member.status !== 'creator' && member.status !== 'administrator')
          return { admin: false, roles: ['member'] }
        const owner = member.status === 'creator' ? ['owner'] : []
        const title = member.custom_title === undefined ? [] : [member.custom_title]
        return { admin: true, roles: [...owner, 'admin', 'member', ...title] }
      },
      // Nobody is an admin while Telegram does not say so; it is asked again at the next act.
      (): Standing => {
        known.delete(key)
        return { admin: false, roles: [] }
      },
    )
    known.set(key, { at: now(), standing })
    return standing
  }
}
