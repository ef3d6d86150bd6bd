import type { Desk } from '../chat/desk.ts'

/** A message of the bot as its reader sees it. */
export interface Heard {
  readonly text: string
  readonly buttons: readonly string[]
}

/** Somebody who talks with the bot in private. */
export interface Speaker {
  readonly subject: string
  /** Writes a line; what comes back deletes it. */
  say(line: string): () => void
  /** Presses a button under the bot's newest message. */
  press(label: string): void
  block(): void
  unblock(): void
  /** What the bot said so far, oldest first. */
  heard(): readonly Heard[]
}

/** A platform's fake with people on it and two processes of the bot with one token, of which one leads. */
export interface Stage {
  readonly db: { waiting(): Promise<number> }
  person(name: string): Speaker
  /** Every fault that was injected so far. */
  injected(): readonly { readonly on: string; readonly kind: string }[]
  /** Faults by chance begin. */
  storm(seed: number, rate: number): void
  /** Nothing goes wrong any more. */
  calm(): void
  /** Resolves once a condition holds that can only change with what the bot does; `subject` names whose chat it looks at. */
  until(holds: () => boolean, subject?: string): Promise<void>
  /** Resolves once everything that was said is answered or given up. */
  answered(): Promise<void>
  /** The process that leads stands still, dies in the middle of its answers, and the other one takes over. */
  restart(meanwhile?: () => Promise<void>): Promise<void>
  /** Lines of a person in the order in which the bot was first told of them. */
  told(subject: string): readonly string[]
  close(): Promise<void>
}

/** Milliseconds after which something that should have happened has not. */
const PATIENCE_MS = 45_000

/** Wakes those who wait for a condition. */
export class Bell {
  private readonly waiters = new Set<{ holds(): boolean; where: string | undefined; wake(): void }>()

  until(holds: () => boolean, where?: string): Promise<void> {
    if (holds()) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const end = (finish: () => void) => {
        clearTimeout(timer)
        this.waiters.delete(waiter)
        finish()
      }
      const late = () => end(() => reject(new Error(`it did not happen: ${holds}`)))
      const timer = setTimeout(late, PATIENCE_MS)
      const waiter = { holds, where, wake: () => end(resolve) }
      this.waiters.add(waiter)
    })
  }

  /** Something happened, in one place where it is named. */
  ring(where?: string): void {
    for (const waiter of [...this.waiters])
      if (where === undefined || waiter.where === undefined || waiter.where === where)
        if (waiter.holds()) waiter.wake()
  }
}

/** A desk that notes in which order it was told what people did. */
export const noting = (desk: Desk, told: Map<string, string[]>): Desk => ({
  receive: async incoming => {
    const known = await desk.receive(incoming)
    const { act, person } = incoming
    if (known === 'new' && act.kind === 'line')
      told.set(person.subject, [...(told.get(person.subject) ?? []), act.line])
    return known
  },
  start: () => desk.start(),
  stop: () => desk.stop(),
  idle: () => desk.idle(),
  look: () => desk.look(),
})
