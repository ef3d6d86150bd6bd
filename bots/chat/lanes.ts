import type { WaitingUpdate } from '../../tools/chats.ts'
import type { Incoming } from './platform.ts'

/** Lanes of one chat at work at the same time: a chat that is slow, or cannot be reached, holds up itself. */
export const MOST_OF_ONE_CHAT = 4

/** Updates in memory, each person's in each chat in a lane of their own: one after the other there, side by side elsewhere. */
export class Lanes {
  private readonly lanes = new Map<string, WaitingUpdate[]>()
  /** Lanes with something to do and nobody at it, the one that waits longest first. */
  private readonly ready: string[] = []
  private readonly busy = new Set<string>()
  private readonly held = new Map<bigint, WaitingUpdate>()

  /** How many lanes of each chat are at work, and how many updates of each are in memory. */
  private readonly busyIn = new Map<string, number>()
  private readonly heldOf = new Map<string, number>()

  get size(): number {
    return this.held.size
  }

  /** Numbers of the updates in memory. */
  get seqs(): bigint[] {
    return [...this.held.keys()]
  }

  /** Chats of which so many updates are in memory already. */
  fullChats(most: number): string[] {
    return [...this.heldOf].flatMap(([chat, count]) => (count >= most ? [chat] : []))
  }

  add(update: WaitingUpdate): void {
    if (this.held.has(update.seq)) return
    this.held.set(update.seq, update)
    count(this.heldOf, update.chat, 1)
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
    for (const [at, name] of this.ready.entries()) {
      const update = this.lanes.get(name)?.[0]
      if (update === undefined || (this.busyIn.get(update.chat) ?? 0) >= MOST_OF_ONE_CHAT) continue
      this.ready.splice(at, 1)
      this.busy.add(name)
      count(this.busyIn, update.chat, 1)
      return update
    }
    return undefined
  }

  /** Ends an update that was taken, and lets its lane go on. */
  done(update: WaitingUpdate): void {
    const name = laneOf(update)
    if (!this.busy.delete(name)) return
    this.held.delete(update.seq)
    count(this.heldOf, update.chat, -1)
    count(this.busyIn, update.chat, -1)
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
    this.busyIn.clear()
    this.heldOf.clear()
  }
}

const count = (counts: Map<string, number>, chat: string, by: number): void => {
  const now = (counts.get(chat) ?? 0) + by
  if (now > 0) counts.set(chat, now)
  else counts.delete(chat)
}

const laneOf = ({ chat, subject }: WaitingUpdate): string => `${chat}\n${subject}`

const isLater = (one: WaitingUpdate | undefined, other: WaitingUpdate): boolean => {
  const a = (one?.payload as Incoming | undefined)?.order
  const b = (other.payload as Incoming).order
  if (a === undefined || b === undefined) return false
  return a.length === b.length ? a > b : a.length > b.length
}
