import type { WaitingUpdate } from '../../tools/chats.ts'
import type { Incoming } from './platform.ts'

/** Updates in memory, each person's in each chat in a lane of their own: one after the other there, side by side elsewhere. */
export class Lanes {
  private readonly lanes = new Map<string, WaitingUpdate[]>()
  /** Lanes with something to do and nobody at it, the one that waits longest first. */
  private readonly ready: string[] = []
  private readonly busy = new Set<string>()
  private readonly held = new Map<bigint, WaitingUpdate>()

  get size(): number {
    return this.held.size
  }

  /** Numbers of the updates in memory. */
  get seqs(): bigint[] {
    return [...this.held.keys()]
  }

  add(update: WaitingUpdate): void {
    if (this.held.has(update.seq)) return
    this.held.set(update.seq, update)
    const name = laneOf(update)
    const lane = this.lanes.get(name) ?? []
    // Told out of order: before what happened later, unless that is being answered already.
    let at = lane.length
    const first = this.busy.has(name) ? 1 : 0
    while (at > first && isLater(lane[at - 1], update)) at--
    lane.splice(at, 0, update)
    if (!this.lanes.has(name)) {
      this.lanes.set(name, lane)
      this.ready.push(name)
    }
  }

  /** The next update to answer; its lane waits until it is done. */
  take(): WaitingUpdate | undefined {
    const name = this.ready.shift()
    if (name === undefined) return undefined
    this.busy.add(name)
    return this.lanes.get(name)?.[0]
  }

  /** Ends an update that was taken, and lets its lane go on. */
  done(update: WaitingUpdate): void {
    const name = laneOf(update)
    this.held.delete(update.seq)
    this.busy.delete(name)
    const lane = this.lanes.get(name)
    lane?.shift()
    if (lane === undefined || lane.length === 0) this.lanes.delete(name)
    else this.ready.push(name)
  }

  clear(): void {
    this.lanes.clear()
    this.ready.length = 0
    this.busy.clear()
    this.held.clear()
  }
}

const laneOf = ({ chat, subject }: WaitingUpdate): string => `${chat}\n${subject}`

const isLater = (one: WaitingUpdate | undefined, other: WaitingUpdate): boolean => {
  const a = (one?.payload as Incoming | undefined)?.order
  const b = (other.payload as Incoming).order
  if (a === undefined || b === undefined) return false
  return a.length === b.length ? a > b : a.length > b.length
}
