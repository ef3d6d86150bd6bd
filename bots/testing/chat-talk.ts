import type { Verb } from '../../tools/registry.ts'
import { converse } from '../conversation.ts'
import type { Choice, Reply } from '../reply.ts'
import type { Session, Surroundings } from '../session.ts'
import { openStory, openTalk, type Story } from './story.ts'

/** A conversation where choices are buttons. */
export interface ChatTalk {
  readonly story: Story
  readonly session: Session
  /** Everything that was said so far. */
  readonly said: readonly Reply[]
  type(line: string, surroundings?: Surroundings): Promise<void>
  send(...lines: string[]): Promise<void>
  /** Presses a button, the newest of that label unless it is given; it may be one of long ago. */
  press(button: string | Choice): Promise<void>
  /** The newest button of that label. */
  button(label: string): Choice
  /** The words said since the last line. */
  words(): string
  last(): Reply | undefined
}

/** Opens one; `more` are verbs beside those of the story. */
export const openChatTalk = (story = openStory(), ...more: Verb[]): ChatTalk => {
  const { bot, session, said, say } = openTalk({ ...story, verbs: [...story.verbs, ...more] })
  let before = 0
  let updates = 0
  const type = async (line: string, surroundings: Surroundings = {}): Promise<void> => {
    before = said.length
    await converse(bot, session, line, say, { buttons: true, key: `u${++updates}`, ...surroundings })
  }
  const button = (label: string): Choice => {
    const choices = said.flatMap(reply => (reply.kind === 'choices' ? reply.choices : []))
    const found = choices.findLast(choice => choice.label === label)
    if (found === undefined) throw new Error(`no button "${label}"`)
    return found
  }
  return {
    story,
    session,
    said,
    type,
    send: async (...lines) => {
      for (const line of lines) await type(line)
    },
    press: pressed => {
      const { line, pending } = typeof pressed === 'string' ? button(pressed) : pressed
      return type(line, pending === undefined ? {} : { pending })
    },
    button,
    words: () => JSON.stringify(said.slice(before)),
    last: () => said.at(-1),
  }
}
