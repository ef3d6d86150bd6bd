import { createHash } from 'node:crypto'

const short = (text: string): string => createHash('sha256').update(text).digest('base64url').slice(0, 20)

/** Names the topic of a name in a group, among the messages that were shown. */
export const topicNonce = (chat: number, name: string): string => `t/${short(`${chat}\n${name}`)}`

/** Names a remark of ours about something that has a key. */
export const remarkNonce = (key: string): string => `r/${short(key)}`
