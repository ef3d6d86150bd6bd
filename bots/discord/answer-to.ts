import type { Incoming } from '../chat/platform.ts'

/** What answering an interaction needs; kept as text with the update. */
export interface InteractionToAnswer {
  readonly id: string
  readonly token: string
  /** Only the person sees the answer that was promised. */
  readonly hidden: boolean
  /** The promise is to replace the message that was pressed on. */
  readonly update: boolean
  /** The id of the message that was pressed on; null for a command. */
  readonly pressed: string | null
}

export const interactionToAnswer = (to: InteractionToAnswer): Incoming['answerTo'] => ({
  id: to.id,
  token: to.token,
  hidden: to.hidden ? 'yes' : 'no',
  update: to.update ? 'yes' : 'no',
  ...(to.pressed === null ? {} : { pressed: to.pressed }),
})

/** The interaction behind an update; null where it was a message. */
export const interactionOf = ({ answerTo }: Incoming): InteractionToAnswer | null =>
  answerTo.id === undefined || answerTo.token === undefined
    ? null
    : {
        id: answerTo.id,
        token: answerTo.token,
        hidden: answerTo.hidden === 'yes',
        update: answerTo.update === 'yes',
        pressed: answerTo.pressed ?? null,
      }
