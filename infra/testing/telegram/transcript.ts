import type { Place } from './group.ts'
import type { FakeMessage } from './message.ts'
import type { Line, Room } from './room.ts'

const service = (message: FakeMessage): string | undefined => {
  const { forum_topic_created: opened, new_chat_members: joined, left_chat_member: left } = message.message
  if (opened !== undefined) return `opens the topic "${opened.name}"`
  if (joined !== undefined) return 'joins'
  if (left !== undefined) return 'leaves'
  if (message.message.forum_topic_closed !== undefined) return 'closes the topic'
  if (message.message.forum_topic_reopened !== undefined) return 'opens the topic again'
  return undefined
}

const bodyOf = (message: FakeMessage): string[] => {
  const { file, text, buttons, letters } = message
  const parts = [
    ...(file === undefined ? [] : [`(file ${file.name}, ${file.size} bytes)`]),
    ...(text === '' ? [] : text.split('\n')),
    ...[...buttons, ...(letters ?? [])].map(row => row.map(label => `[${label}]`).join(' ')),
  ]
  return message.edited && !message.fromBot
    ? [...parts.slice(0, -1), `${parts.at(-1) ?? ''} (edited)`]
    : parts
}

const written = (line: Line, room: Room): string => {
  const thread = line.kind === 'note' ? line.thread : line.message.thread
  const topic = thread === undefined ? undefined : room.topics.get(thread)?.name
  const where = topic === undefined ? '' : ` (${topic})`
  if (line.kind === 'note') return `${line.who}${where} ${line.what}`
  const said = service(line.message)
  if (said !== undefined) return `${line.message.from} ${said}`
  const [first = '', ...rest] = bodyOf(line.message)
  const head = `${line.message.from}${where}:`
  return [first === '' ? head : `${head} ${first}`, ...rest.map(one => (one === '' ? '' : `  ${one}`))].join(
    '\n',
  )
}

/** A chat as a conversation: who said what, buttons as [Label], every message as it stands now, deleted ones left out. */
export const transcriptOf = ({ room, thread }: Place): string =>
  room.lines
    .filter(line => line.kind === 'note' || !line.message.deleted)
    .filter(line => {
      if (thread === undefined) return true
      return (line.kind === 'note' ? line.thread : line.message.thread) === thread
    })
    .map(line => written(line, room))
    .join('\n')
