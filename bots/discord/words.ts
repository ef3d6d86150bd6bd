import type { Block } from '../chat/platform.ts'
import { text } from '../reply.ts'

export type Said = Extract<Block, { kind: 'text' }>

const said = (line: string, tone: 'bad' | 'quiet'): Said => text(line, tone) as Said

/** What only Discord makes necessary to say. */
export const words = {
  cannotWrite: said(
    'That answer is for you alone, and you take no private messages from this server. Allow them, or send it as a slash command.',
    'bad',
  ),
  notKept: said('I could not keep what you sent. Please send it again.', 'bad'),
  formExpired: said('That form is too old. Open it again.', 'bad'),
  fileTooLarge: (most: number): Said =>
    said(
      `That file is larger than the ${Math.floor(most / 1024 / 1024)} MB that I take here. Split it into smaller files, and send them one after the other.`,
      'bad',
    ),
  fileUnfetched: said('Discord did not hand me that file. Please send it again.', 'bad'),
  notABot: said('Messages of programs cannot be contributed: only what people wrote counts.', 'bad'),
  nothingInIt: said('There is no text in that message.', 'bad'),
  /** Under a message that somebody contributed; the name is data. */
  contributed: (name: string): Said =>
    said(
      `${name} offers this message to a model as an example to learn from. If you do not want that, delete the message: it is then taken back.`,
      'quiet',
    ),
} as const
