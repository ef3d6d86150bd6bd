import type { Tried } from '../../tools/chats.ts'
import type { Shown } from './platform.ts'

/** What a platform is told of earlier tries of a message. */
export const shownOf = (
  { message, others, fresh }: Pick<Tried, 'message' | 'others' | 'fresh'>,
  nonce: string,
): Shown => ({ message, others, nonce, ...(fresh ? { fresh: true as const } : {}) })
