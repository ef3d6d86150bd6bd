/** Places at work, so many at once; who waits for something else gives theirs back meanwhile. */
export class Slots {
  private taken = 0
  private readonly most: number
  private readonly queue: (() => void)[] = []
  /** Hears that a place came free for which nobody waits. */
  private readonly freed: () => void

  constructor(most: number, freed: () => void) {
    this.most = most
    this.freed = freed
  }

  get free(): boolean {
    return this.taken < this.most
  }

  take(): void {
    this.taken++
  }

  giveBack(): void {
    this.taken--
    if (this.free && this.queue.length > 0) {
      this.taken++
      this.queue.shift()?.()
    } else this.freed()
  }

  /** Waits without a place, and takes one again before it resolves. Rejects as the waiting does, with a place all the same. */
  async aside(waiting: () => Promise<void>): Promise<void> {
    this.giveBack()
    try {
      await waiting()
    } finally {
      if (this.free) this.taken++
      else await new Promise<void>(resolve => this.queue.push(resolve))
    }
  }
}
