import { misuse } from './command-options.ts'
import { type Modal, modalOf } from './forms.ts'
import { type Interaction, overdue, tokenExpired } from './interactions.ts'
import { type Seen, seen } from './seen.ts'
import type { World } from './world.ts'

/** Something a person asked of the bot by command, button, select, form or menu, to look at the answer. */
export interface Asked {
  readonly id: string
  /** `failed`: the person reads that the application did not respond, or the spinner turned for 15 minutes. */
  state(): 'waiting' | 'deferred' | 'answered' | 'failed'
  /** The message that answers, as it stands now; null while there is none. */
  reply(): Seen | null
  /** Resolves once the bot acknowledged in any way; rejects after `within` milliseconds, 5,000 unless said. */
  acknowledged(within?: number): Promise<void>
  /** Resolves with the answering message once it is no longer loading. */
  answered(within?: number): Promise<Seen>
  /** Resolves with the form that the bot opened. */
  modal(within?: number): Promise<Modal>
}

const WITHIN_MS = 5_000

/** Waits until a condition holds that can only change with an event. */
export const until = async (world: World, holds: () => boolean, within = WITHIN_MS): Promise<void> => {
  const end = performance.now() + within
  while (!holds()) await world.activity.next(() => true, Math.max(1, end - performance.now()))
}

export const openAsked = (world: World, interaction: Interaction): Asked => {
  const acknowledged = (within?: number): Promise<void> =>
    until(world, () => interaction.state !== 'waiting', within)
  const reply = (): Seen | null =>
    interaction.original === null || interaction.original.deleted ? null : seen(interaction.original, world)
  return {
    id: interaction.id,
    state() {
      const late =
        (interaction.state === 'waiting' && overdue(world, interaction)) ||
        (interaction.state === 'deferred' && tokenExpired(world, interaction))
      return late ? 'failed' : interaction.state
    },
    reply,
    acknowledged,
    async answered(within) {
      await until(world, () => interaction.state === 'answered', within)
      const found = reply()
      if (found === null)
        throw misuse('The bot answered without a message.', 'Look at modal() or at the channel.')
      return found
    },
    async modal(within) {
      await acknowledged(within)
      return modalOf(interaction)
    },
  }
}
