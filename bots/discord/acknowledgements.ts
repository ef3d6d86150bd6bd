import { MessageFlags, type REST, InteractionResponseType as Response, Routes } from 'discord.js'
import type { Log } from '../../infra/log.ts'
import { codeOf, codes } from './faults.ts'

/** Milliseconds that storing an update may take before it is acknowledged all the same. */
export const ACKNOWLEDGE_AFTER_MS = 300
/** Milliseconds that Discord takes an interaction's token for. */
export const TOKEN_MS = 15 * 60_000

/** Whether Discord took the acknowledgement, so that the interaction's own message can be written. */
export type Acknowledged = 'yes' | 'no'

export interface Interacting {
  readonly id: string
  readonly token: string
}

/** How an answer is promised. */
export interface Promised {
  /** Nobody else will see the answer. */
  readonly hidden: boolean
  /** The answer replaces the message that was pressed on. */
  readonly update: boolean
}

/** Acknowledges interactions, each once however often Discord tells it. */
export interface Acknowledgements {
  /** Notes an interaction that will be acknowledged; false where it was noted before. What asks for it waits from now on. */
  expect(interaction: Interacting): boolean
  /** Promises the person an answer. Never throws. */
  promise(interaction: Interacting, how: Promised): Promise<void>
  /** What becomes of the acknowledgement in this process; undefined where only an earlier one can have made it. */
  of(id: string): Promise<Acknowledged> | undefined
}

/** Tries at most; each takes what is left of three seconds. */
const TRIES = 4

export const openAcknowledgements = (rest: REST, log: Log, now: () => number): Acknowledgements => {
  const known = new Map<
    string,
    { at: number; settle(done: Acknowledged): void; done: Promise<Acknowledged> }
  >()
  const forgetOld = (): void => {
    // Insertion order is order of age.
    for (const [id, { at }] of known) {
      if (now() - at < TOKEN_MS) break
      known.delete(id)
    }
  }
  const attempt = async ({ id, token }: Interacting, body: unknown): Promise<Acknowledged> => {
    for (let left = TRIES - 1; ; left--)
      try {
        // Without auth: the token of the interaction is in the address, and a 401 for it must not drop the bot's own.
        await rest.post(Routes.interactionCallback(id, token), { body, auth: false })
        return 'yes'
      } catch (error) {
        const code = codeOf(error)
        if (code === codes.acknowledged) return 'yes'
        // Whether a request whose answer was lost has arrived, the next one tells.
        if (code === null && left > 0) continue
        log.warn('discord.not-acknowledged', { interaction: id, code })
        return 'no'
      }
  }
  return {
    expect({ id }) {
      if (known.has(id)) return false
      forgetOld()
      let settle = (_: Acknowledged): void => {}
      const done = new Promise<Acknowledged>(resolve => {
        settle = resolve
      })
      known.set(id, { at: now(), settle, done })
      return true
    },
    async promise(interaction, { hidden, update }) {
      const body = update
        ? { type: Response.DeferredMessageUpdate }
        : {
            type: Response.DeferredChannelMessageWithSource,
            data: { flags: hidden ? MessageFlags.Ephemeral : 0 },
          }
      known.get(interaction.id)?.settle(await attempt(interaction, body))
    },
    of: id => known.get(id)?.done,
  }
}
